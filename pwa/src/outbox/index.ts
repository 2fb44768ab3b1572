import type { Readable } from 'svelte/store';
import type { Catalog, DeviceName, OpKind, Person } from '../sync/types';
import type { NewEdit, ReportView, Safety } from './types';
export type { NewEdit, PhotoView, ReportView, Safety } from './types';
export type { OpKind } from '../sync/types';
export declare function newReport(edits?: NewEdit[]): Promise<string>;
export declare function save(report: string, edits: NewEdit[], kind?: OpKind, reason?: string): Promise<void>;
export declare function addEntity(
  report: string,
  list: string,
  values: Record<string, unknown>,
  parent?: string | null,
  kind?: OpKind
): Promise<string>;
export declare function removeEntity(report: string, entity: string): Promise<void>;
export declare function holdFootage(
  report: string,
  values: Record<string, unknown>,
  entity?: string
): Promise<string>;
export declare function addPhoto(
  report: string,
  blob: Blob,
  values: Record<string, unknown>,
  parent?: string | null
): Promise<string>;
export declare function photoUrl(report: string, photo: string): Promise<string | null>;
export declare function submit(report: string): Promise<void>;
export declare const reports: Readable<ReportView[]>;
export declare function report(id: string): Readable<ReportView | null>;
export declare const catalog: Readable<Catalog | null>;
export declare const people: Readable<Record<string, Person>>;
export declare const devices: Readable<Record<string, DeviceName>>;
export declare const safety: Readable<Safety>;
export declare function syncNow(): Promise<void>;
