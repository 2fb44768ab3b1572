/** Word-wise comparison of two texts, so that a reader sees at once which words differ. */
export type Piece = { text: string; differs: boolean };

/** Above this many comparisons the middle is marked as a whole: a slow page helps nobody. */
const MAX_CELLS = 1_000_000;

function tokens(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}'’-]+|[^\s\p{L}\p{N}]/gu) ?? [];
}

function sharedPrefix(left: string[], right: string[]): number {
  let n = 0;
  while (n < left.length && n < right.length && left[n] === right[n]) n += 1;
  return n;
}

function sharedSuffix(left: string[], right: string[], from: number): number {
  let n = 0;
  while (
    n < left.length - from &&
    n < right.length - from &&
    left[left.length - 1 - n] === right[right.length - 1 - n]
  )
    n += 1;
  return n;
}

/** Longest common subsequence: which token of each side also stands, in order, on the other. */
function keptTokens(left: string[], right: string[]): [boolean[], boolean[]] {
  const keptLeft = left.map(() => false);
  const keptRight = right.map(() => false);
  if (left.length * right.length > MAX_CELLS) return [keptLeft, keptRight];
  const width = right.length + 1;
  const table = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      table[i * width + j] =
        left[i] === right[j]
          ? table[(i + 1) * width + j + 1]! + 1
          : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
    }
  }
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) {
      keptLeft[i] = true;
      keptRight[j] = true;
      i += 1;
      j += 1;
    } else if (table[(i + 1) * width + j]! >= table[i * width + j + 1]!) i += 1;
    else j += 1;
  }
  return [keptLeft, keptRight];
}

/** Joins neighbours of the same kind; white space between two differing words belongs to the difference. */
function joined(words: string[], kept: boolean[]): Piece[] {
  const differs = words.map((word, at) => {
    if (!kept[at]) return true;
    return /^\s+$/.test(word) && at > 0 && at < words.length - 1 && !kept[at - 1] && !kept[at + 1];
  });
  const pieces: Piece[] = [];
  words.forEach((text, at) => {
    const last = pieces.at(-1);
    if (last && last.differs === differs[at]) last.text += text;
    else pieces.push({ text, differs: differs[at]! });
  });
  return pieces.flatMap(trimmed);
}

/** White space at the edge of a difference is no difference that a reader needs marked. */
function trimmed(piece: Piece): Piece[] {
  const core = piece.text.trim();
  if (!piece.differs || core === '' || core === piece.text) return [piece];
  const from = piece.text.indexOf(core);
  const parts = [piece.text.slice(0, from), core, piece.text.slice(from + core.length)];
  return parts.map((text, at) => ({ text, differs: at === 1 })).filter((one) => one.text !== '');
}

export function compareWords(left: string, right: string): { left: Piece[]; right: Piece[] } {
  const a = tokens(left);
  const b = tokens(right);
  const prefix = sharedPrefix(a, b);
  const suffix = sharedSuffix(a, b, prefix);
  const [keptA, keptB] = keptTokens(a.slice(prefix, a.length - suffix), b.slice(prefix, b.length - suffix));
  const whole = (kept: boolean[]): boolean[] => [
    ...Array<boolean>(prefix).fill(true),
    ...kept,
    ...Array<boolean>(suffix).fill(true)
  ];
  return { left: joined(a, whole(keptA)), right: joined(b, whole(keptB)) };
}
