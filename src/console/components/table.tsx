import type { Child } from 'hono/jsx';

export interface TableColumn<T> {
  readonly heading: string;
  readonly cell: (row: T) => Child;
  /** `number`: to the right. `wide`: may break and take what is left. `name`: of a merchant. `id`: in the letters of code. */
  readonly look?: 'number' | 'wide' | 'name' | 'id';
}

interface Props<T> {
  readonly caption: string;
  readonly columns: readonly TableColumn<T>[];
  readonly rows: readonly T[];
  /** In place of no rows. */
  readonly empty: Child;
}

/** On a narrow screen each row is a block, and each cell says its heading: nothing has to be moved sideways. */
export function DataTable<T>({ caption, columns, rows, empty }: Props<T>) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <TableFrame caption={caption} columns={columns}>
      {rows.map((row) => (
        <TableRow columns={columns} row={row} />
      ))}
    </TableFrame>
  );
}

/** A table whose rows are its children. */
export function TableFrame<T>({
  caption,
  columns,
  children,
}: Pick<Props<T>, 'caption' | 'columns'> & { children?: Child }) {
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ heading, look }) => (
            <th scope="col" class={look}>
              {heading}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

export function TableRow<T>({ columns, row }: { columns: readonly TableColumn<T>[]; row: T }) {
  return (
    <tr>
      {columns.map(({ heading, look, cell }) => (
        <td class={look} data-heading={heading}>
          {cell(row)}
        </td>
      ))}
    </tr>
  );
}
