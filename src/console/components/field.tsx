import type { Child } from 'hono/jsx';

interface InputProps {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly type?: 'text' | 'password' | 'number' | 'search';
  readonly required?: boolean;
  readonly maxlength?: number;
  readonly hint?: string;
  /** What is wrong with it. */
  readonly fault?: string | undefined;
  readonly autocomplete?: string;
  readonly inputmode?: 'numeric' | 'decimal';
}

export function FormField({ label, name, hint, fault, type = 'text', ...input }: InputProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input name={name} type={type} aria-invalid={fault === undefined ? undefined : 'true'} {...input} />
      {fault !== undefined && <em class="fault">{fault}</em>}
      {hint !== undefined && <small>{hint}</small>}
    </label>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly value?: string | undefined;
  readonly choices: readonly { readonly value: string; readonly words: string }[];
  /** What is wrong with it. */
  readonly fault?: string | undefined;
}

export function Choice({ label, name, value = '', choices, fault }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select name={name} aria-invalid={fault === undefined ? undefined : 'true'}>
        {choices.map((it) => (
          <option value={it.value} selected={it.value === value}>
            {it.words}
          </option>
        ))}
      </select>
      {fault !== undefined && <em class="fault">{fault}</em>}
    </label>
  );
}

/** What is known of something, one line each. */
export function Facts({ facts }: { facts: readonly (readonly [what: Child, value: Child])[] }) {
  return (
    <dl class="facts">
      {facts.map(([what, value]) => (
        <div>
          <dt>{what}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
