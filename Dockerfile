# One image, every command: docker run … fastregister work | listen | serve --only console

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY script script
COPY src src
COPY simulator simulator
RUN script/build

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production \
    FASTREGISTER_HOME=/home/node/.fastregister
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY --from=build /app/dist dist
COPY bin bin
COPY samples samples
# A new volume takes over this folder's owner and mode.
RUN install -d -o node -g node -m 0700 /home/node/.fastregister
USER node
# There is no redis-server in here: set REDIS_URL.
ENTRYPOINT ["node", "/app/bin/fastregister"]
CMD ["--help"]
