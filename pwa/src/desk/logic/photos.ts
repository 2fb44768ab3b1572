/** What the report says of each of its photos. */
import { current, entities, value } from '../../sync/overlay';
import type { FormDefinition, ServerPhoto, Snapshot } from '../../sync/types';
import { fieldOf, valueWords, type Naming } from './labels';
import { entityName } from './names';

export type PhotoNote = {
  photo: string;
  title: string;
  caption: string;
  subject: string;
  takenAt: string | null;
  sha256: string;
  size: number | null;
  type: string;
  agent: string;
  /** Whether the server has the bytes and recomputed their hash. */
  here: boolean;
};

type WithPhotos = {
  snapshot: Snapshot;
  photos: { photo: string; sha256: string; size: number; onServer?: boolean }[];
};

export function photoNotes(form: FormDefinition, view: WithPhotos, naming: Naming): PhotoNote[] {
  const agents = entities(view.snapshot, 'agents');
  return entities(view.snapshot, 'photos').map((photo, at) => {
    const words = (id: string): string =>
      current(view.snapshot, photo, id)
        .map((one) => valueWords(fieldOf(form, 'photos', id), one.value, naming))
        .join(' / ');
    const stored = view.photos.find((one) => one.photo === photo);
    const parent = view.snapshot.entities[photo]?.parent ?? '';
    const taken = value(view.snapshot, photo, 'taken_at');
    const size = value(view.snapshot, photo, 'size');
    return {
      photo,
      title: `Photo ${at + 1}`,
      caption: words('caption'),
      subject: words('subject'),
      takenAt: typeof taken === 'string' ? taken : null,
      sha256: String(value(view.snapshot, photo, 'sha256') ?? stored?.sha256 ?? ''),
      size: typeof size === 'number' ? size : (stored?.size ?? null),
      type: String(
        value(view.snapshot, photo, 'type') ?? (stored as Partial<ServerPhoto> | undefined)?.type ?? ''
      ),
      agent: agents.includes(parent) ? entityName(form, view.snapshot, parent) : '',
      here: stored !== undefined && stored.onServer !== false
    };
  });
}
