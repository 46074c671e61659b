#!/bin/sh
# Runs the benches whose targets are the project's, and writes bench/RESULTS.md. Six minutes on two cores with 500,000 rows.
# Usage: bench/all.sh [rows of load and report]
set -eu
cd "$(dirname "$0")/.."
rows=${1:-1000000}
results=bench/RESULTS.md
script/build

run() {
  title=$1
  shift
  printf '\n## %s\n\n`%s`\n\n```\n' "$title" "$*" >>"$results.new"
  "$@" 2>&1 | tee -a "$results.new"
  printf '```\n' >>"$results.new"
}

cat >"$results.new" <<EOF
# Results of the benches

Written by \`bench/all.sh\` on $(date -u +%Y-%m-%d), of $(git rev-parse --short HEAD).

- $(nproc 2>/dev/null || sysctl -n hw.ncpu) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1); $(uname -s) $(uname -r | cut -d - -f 1)
- load of the machine before: $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || uptime)
- Node.js $(node --version), $(redis-server --version | cut -d ' ' -f 1-3), bullmq $(node -p "require('./node_modules/bullmq/package.json').version"), csv-parse $(node -p "require('./node_modules/csv-parse/package.json').version")

Each bench measures a ceiling and fastregister by turns in the same run. Rates change with whatever else the machine does; ratios
and CPU change less.
EOF

run 'Sending' node bench/sending.js 20000 5
run 'Loading' node bench/load.js "$rows" 5
run 'Report' node bench/report.js "$rows"
run 'Pushes' node bench/pushes.js
run 'Call budgets' node bench/budget.js
cat >>"$results.new" <<'EOF'

# Where the time goes

Of each process and thread that was busy, the share of its CPU time that each package and each room took by itself, the bench's own processes
included. Runs under V8's profiler are slower.
EOF
run 'Profile of sending' node bench/profile.js sending.js 20000 1
run 'Profile of loading' node bench/profile.js load.js 200000 1
run 'Profile of pushes' node bench/profile.js pushes.js 1
mv "$results.new" "$results"
