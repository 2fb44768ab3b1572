/** Where the copies of a photo are, never more than is known. */
import type { PhotoView, ReportView } from '../../outbox';
import type { BadgeState } from '../../ui';

export function photoView(view: ReportView, photo: string): PhotoView | undefined {
  return view.photos.find((one) => one.photo === photo);
}

export function photoState(photo: PhotoView | undefined): { badge: BadgeState; word: string } {
  if (photo?.onServer) return { badge: 'server', word: 'on the server' };
  if (photo?.onPhone && photo.offset > 0) {
    const part = Math.min(99, Math.floor((100 * photo.offset) / Math.max(1, photo.size)));
    return { badge: 'phone', word: `only on this phone, ${part} % sent` };
  }
  if (photo?.onPhone) return { badge: 'phone', word: 'only on this phone' };
  return { badge: 'draft', word: 'not here, not yet on the server' };
}

export function sizeWords(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
