// Draws the app's icons (PNG and SVG) from one description, with nothing but Node: run `npm run icons` after a change.
import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

const GROUND = [0x0f, 0x14, 0x19];
const MARK = [0xa9, 0xd3, 0xff];
// An H whose bar is a clasp, in a square of 100: x, y, width, height, corner.
const BARS = [
  [26, 22, 14, 56, 4],
  [60, 22, 14, 56, 4],
  [18, 43, 64, 14, 7]
];

const inside = (x, y, [left, top, width, height, corner]) => {
  const dx = Math.max(left + corner - x, x - (left + width - corner), 0);
  const dy = Math.max(top + corner - y, y - (top + height - corner), 0);
  return dx * dx + dy * dy <= corner * corner;
};

/** RGBA of a point. A maskable icon fills its square and keeps its mark in the middle 80 %. */
function colour(x, y, maskable) {
  const scale = maskable ? 1.3 : 1;
  const mx = (x - 50) * scale + 50;
  const my = (y - 50) * scale + 50;
  if (BARS.some((bar) => inside(mx, my, bar))) return [...MARK, 255];
  return maskable || inside(x, y, [0, 0, 100, 100, 22]) ? [...GROUND, 255] : [...GROUND, 0];
}

const SAMPLES = 4;

function pixels(size, maskable) {
  const raw = Buffer.alloc(size * (size * 4 + 1));
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const sum = [0, 0, 0, 0];
      for (let s = 0; s < SAMPLES * SAMPLES; s++) {
        const x = ((column + ((s % SAMPLES) + 0.5) / SAMPLES) / size) * 100;
        const y = ((row + (Math.floor(s / SAMPLES) + 0.5) / SAMPLES) / size) * 100;
        colour(x, y, maskable).forEach((part, place) => (sum[place] += part));
      }
      const at = row * (size * 4 + 1) + 1 + column * 4;
      sum.forEach((part, place) => (raw[at + place] = Math.round(part / (SAMPLES * SAMPLES))));
    }
  }
  return raw;
}

function crc(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return (rest ^ 0xffffffff) >>> 0;
}

function chunk(name, body) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
  const length = Buffer.alloc(4);
  const check = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  check.writeUInt32BE(crc(named));
  return Buffer.concat([length, named, check]);
}

function png(size, maskable) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const body = deflateSync(pixels(size, maskable), { level: 9 });
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', body), chunk('IEND', Buffer.alloc(0))]);
}

const hex = (parts) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
const rect = ([x, y, width, height, rx], fill) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${rx}" fill="${fill}"/>`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">${[
  rect([0, 0, 100, 100, 22], hex(GROUND)),
  ...BARS.map((bar) => rect(bar, hex(MARK)))
].join('')}</svg>\n`;

const folder = new URL('../public/', import.meta.url);
writeFileSync(new URL('icon.svg', folder), svg);
writeFileSync(new URL('icon-192.png', folder), png(192, false));
writeFileSync(new URL('icon-512.png', folder), png(512, false));
writeFileSync(new URL('icon-maskable-512.png', folder), png(512, true));
