/** What a workbook of ours consists of. */
import { open } from 'node:fs/promises';
import { openArchive } from '../../src/producer/sheets/zip.js';

/** A part of it as text, e.g. `xl/worksheets/sheet1.xml`. */
export async function partOf(file: string, name: string): Promise<string> {
  const handle = await open(file);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of (await openArchive(handle)).stream(name)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    await handle.close();
  }
}

export interface ShownCell {
  readonly text: string;
  /** Red, green and blue of what it is filled with; '' for none. */
  readonly fill: string;
  readonly isNumber: boolean;
}

/** The cells of a sheet by their places, with the colour that its styles give them. */
export async function cellsShown(file: string, sheet: number): Promise<Map<string, ShownCell>> {
  const styles = await partOf(file, 'xl/styles.xml');
  const fills = [...styles.matchAll(/<fill>.*?<\/fill>/g)].map(
    ([fill]) => /fgColor rgb="FF(\w+)"/.exec(fill)?.[1] ?? '',
  );
  const formats = /<cellXfs.*<\/cellXfs>/.exec(styles)?.[0] ?? '';
  const fillOf = [...formats.matchAll(/<xf [^>]*fillId="(\d+)"/g)].map(([, fill]) => fills[Number(fill)] ?? '');
  const xml = await partOf(file, `xl/worksheets/sheet${sheet}.xml`);
  const cells = [...xml.matchAll(/<c r="(\w+)" s="(\d+)"(?:\/>|[^>]*>(.*?)<\/c>)/gs)];
  return new Map(
    cells.map(([, place = '', style, inside = '']) => [
      place,
      { text: inside.replace(/<[^>]*>/g, ''), fill: fillOf[Number(style)] ?? '', isNumber: inside.includes('<v>') },
    ]),
  );
}
