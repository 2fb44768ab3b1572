/** Wire types: what travels between the phone and the server, and what a snapshot is (docs/sync.md). */

export type OpKind =
  | 'edit'
  | 'hold'
  | 'submit'
  | 'return'
  | 'approve'
  | 'supplement'
  | 'resolve'
  | 'admit'
  | 'dismiss';

/** One field's new value, and the versions of the field that its author had seen. */
export type Edit = { entity: string; field: string; base: string[]; value: unknown };

export type OpPayload = {
  v: 1;
  op: string;
  device: string;
  n: number;
  prev: string | null;
  actor: string;
  report: string;
  kind: OpKind;
  edits: Edit[];
  form: FormRef;
  reason?: string;
  begins?: boolean;
  time: { wall: string; utc_offset: number; beacon: string | null };
};

export type FormRef = { id: string; version: number };

export type ReportState = 'draft' | 'submitted' | 'returned' | 'approved';

/** Who wrote something, on which device and when. */
export type Origin = {
  op: string;
  actor: string;
  device: string;
  wall: string;
  offset: number;
  received: string | null;
  /** When the server made the statement that the op's beacon names: the op is younger. Null where it names none. */
  not_before: string | null;
};

export type Version = Origin & {
  /** The versions that its author had seen; on a removal, every head of the entity that the remover had seen. */
  base: string[];
  value: unknown;
  /** Whose words they are, where a desk took them in late: the rest is then the desk's. */
  words_of?: Origin;
};

/**
 * A field whose heads disagree. `merged`: the two authors changed different sentences of one text; `text` holds both
 * changes and stands in for the values, labelled, until a person confirms it. `seen`: what the authors had seen.
 */
export type Question = { kind: 'conflict' | 'merged'; text: string | null; seen: Version[] };

/** A resolution that took out versions with another value. */
export type Settlement = Omit<Version, 'not_before' | 'base' | 'words_of'> & {
  entity: string;
  field: string;
  reason: string;
  not_kept: Version[];
};

export type Entity = { list: string | null; parent: string | null; removed: boolean; flagged: boolean };

export type Snapshot = {
  report: string;
  form: FormRef;
  author: string;
  /** The author's district when the report began; it stands in until a district of occurrence is given. */
  home?: string | null;
  district: string | null;
  state: ReportState;
  entities: Record<string, Entity>;
  fields: Record<string, Record<string, Version[]>>;
  /** Worked out by the server, by entity and field; an own op that is laid over a field takes its question away. */
  open: Record<string, Record<string, Question>>;
  settled: Settlement[];
  ops: number;
};

export type HoldState =
  | 'received'
  | 'submitted'
  | 'acknowledged'
  | 'matched'
  | 'awaiting_upload'
  | 'held'
  | 'refused'
  | 'failed';

export type HoldStatus = {
  hold: string;
  footage: string;
  state: HoldState;
  since: string;
  destroy_on: string | null;
  custodian: string | null;
  reference: string | null;
  error: string | null;
  /** What the custodian said last, in its own words. */
  words: string | null;
};

export type ServerPhoto = { photo: string; sha256: string; size: number; type: string; received: string };

/** An op that is kept but not applied. Kind, actor, device and wall are null where the server could not read it. */
export type Quarantined = {
  op: string;
  /** The hash of its string. The entry's key: two may bear one op's id. Of a photo that waits here, the photo's id. */
  sha256: string;
  kind: OpKind | null;
  actor: string | null;
  device: string | null;
  reason: string;
  received: string | null;
  not_before: string | null;
  wall: string | null;
  /** Null where a copy had no room for them: the report's history has them. */
  edits: Edit[] | null;
};

/** A remark on an op that stands: its device counted two ops alike, as a phone does that was put back to an old state. */
export type Flag = { op: string; device: string; flag: 'n_reused'; other: string };

/** A report as the feed delivers it. */
export type Copy = {
  report: string;
  seq: number;
  snapshot: Snapshot;
  holds: HoldStatus[];
  photos: ServerPhoto[];
  /** Some of the ops that are kept aside: first those that nobody has decided about, the newest before the older. */
  quarantined: Quarantined[];
  /** How many there are. */
  kept: number;
  flags: Flag[];
};

export type Facts = Pick<Copy, 'holds' | 'photos' | 'quarantined' | 'kept' | 'flags'>;

/** What changed in a report, for a reader who has it as it was at `since`. Nothing is ever taken out by one. */
export type Patch = {
  report: string;
  seq: number;
  since: number;
  patch: {
    set: Partial<Snapshot>;
    entities: Snapshot['entities'];
    fields: Snapshot['fields'];
    facts: Partial<Facts>;
  };
};

export type Change = Copy | Patch;

export type Verdict = 'applied' | 'merged' | 'conflict' | 'quarantined';

export type Receipt = { op: string | null; sha256: string; seq: number; verdict: Verdict; reason: string | null };

export type PushAnswer = { receipts: Receipt[]; statement: string; beacon: string };

export type PullAnswer = {
  changes: Change[];
  left: string[];
  people: Record<string, Person>;
  devices: Record<string, DeviceName>;
  cursor: string;
  more: boolean;
  reset: boolean;
  beacon: string | null;
};

export type Person = { name: string; star: string | null };
export type DeviceName = { name: string };

/** A device that last said it still holds ops, or of whose ops some have not come though later ones have. */
export type Contact = {
  device: string;
  name: string | null;
  actor: string;
  unsent: number | null;
  missing: number;
  at: string;
};

export type Option = { id: string; label: string; group?: string };

export type FieldType =
  | 'text'
  | 'longtext'
  | 'choice'
  | 'choices'
  | 'datetime'
  | 'number'
  | 'boolean'
  | 'star'
  | 'plate'
  | 'district'
  | 'beat'
  | 'photo'
  | 'time_note';

export type Field = {
  id: string;
  label: string;
  type: FieldType;
  options?: Option[];
  options_from?: string;
  help?: string;
  required?: 'submit';
  show_if?: { field: string; in: unknown[] };
  sensitivity?: 'restricted';
  merge: 'register' | 'text' | 'set' | 'once';
  unit?: string;
  min?: number;
  max?: number;
  max_length?: number;
  /** Advice: a value that does not fit is marked, never refused. */
  pattern?: string;
  pattern_hint?: string;
};

export type Section = {
  id: string;
  title: string;
  help?: string;
  fields: Field[];
  /** Set where the section is an entity list; `parent` names the list its entities belong to. */
  list?: string;
  item?: string;
  min_to_submit?: number;
  parent?: string;
  /** Names a list that an entity may, but need not, belong to: a photo of an agent. */
  may_belong_to?: string;
  append_only?: true;
  /** Groups of fields of which at least one must be answered before submit. */
  any_to_submit?: { fields: string[]; label: string }[];
};

export type FormDefinition = {
  id: string;
  version: number;
  title: string;
  sections: Section[];
  /** Words after which a person is asked to read a text again. */
  warning?: { text: string; words: string[] };
};

export type Catalog = {
  version: string;
  /** The server runs with invented data. */
  demonstration: boolean;
  forms: FormDefinition[];
  districts: { district: string; beat_prefix: string; name: string }[];
  legal_bases: Option[];
  agencies: Option[];
  hold: { days: number; pad_before_min: number; pad_after_min: number; escalate_day: number; alarm_day: number };
  photo_of_id: 'allowed' | 'transcribe_only';
  /** The lists that fields name in `options_from`, all in one shape. */
  options: Record<string, Option[]>;
};
