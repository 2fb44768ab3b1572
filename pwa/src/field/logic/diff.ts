/** Marks the words in which two texts differ, so that a person sees at once what a conflict is about. */
export type Piece = { text: string; differs: boolean };

const MOST_WORDS = 1500;

/** Common-subsequence lengths from each pair of positions to the ends. */
function commonLengths(a: string[], b: string[]): Uint16Array[] {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      rows[i]![j] = a[i] === b[j] ? rows[i + 1]![j + 1]! + 1 : Math.max(rows[i + 1]![j]!, rows[i]![j + 1]!);
    }
  }
  return rows;
}

/** White space between two differing words belongs to the difference: the eye then sees one mark, not two. */
function bridged(pieces: Piece[]): Piece[] {
  const out: Piece[] = [];
  pieces.forEach((piece, at) => {
    const between = pieces[at - 1]?.differs && pieces[at + 1]?.differs && piece.text.trim() === '';
    push(out, piece.text, piece.differs || !!between);
  });
  return out;
}

function push(pieces: Piece[], text: string, differs: boolean): void {
  const last = pieces.at(-1);
  if (last && last.differs === differs) last.text += text;
  else pieces.push({ text, differs });
}

export function differingWords(left: string, right: string): { left: Piece[]; right: Piece[] } {
  const a = left.match(/\s+|[^\s]+/g) ?? [];
  const b = right.match(/\s+|[^\s]+/g) ?? [];
  // Beyond this the table would freeze an old phone; the two texts are then shown whole and unmarked.
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) {
    return { left: [{ text: left, differs: false }], right: [{ text: right, differs: false }] };
  }
  const common = commonLengths(a, b);
  const out = { left: [] as Piece[], right: [] as Piece[] };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push(out.left, a[i++]!, false);
      push(out.right, b[j++]!, false);
    } else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      push(out.left, a[i++]!, true);
    } else {
      push(out.right, b[j++]!, true);
    }
  }
  return { left: bridged(out.left), right: bridged(out.right) };
}
