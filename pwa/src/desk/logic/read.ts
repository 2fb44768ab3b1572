/** What the desk asks the server for beside the feed. Every failure is an ApiProblem. */
import { api } from '../../api/client';
import type { HoldStatus } from '../../sync/types';
import type { HistoryOp } from './changes';

export type BoardHold = HoldStatus & {
  report: string;
  camera: string | null;
  wearer_star: string | null;
  device_serial: string | null;
  from: string;
  to: string;
  basis: string | null;
};

export async function readHistory(report: string): Promise<HistoryOp[]> {
  const { data } = await api.GET('/api/reports/{report}/history', { params: { path: { report } } });
  return (data as unknown as { ops: HistoryOp[] }).ops;
}

export async function readHolds(): Promise<BoardHold[]> {
  const { data } = await api.GET('/api/holds', {});
  return (data as unknown as { holds: BoardHold[] }).holds;
}

/** The original bytes of a photo, as the officer's phone sent them. */
export async function readPhoto(report: string, photo: string): Promise<Blob> {
  const { data } = await api.GET('/api/reports/{report}/photos/{photo}', {
    params: { path: { report, photo } },
    parseAs: 'blob'
  });
  return data as unknown as Blob;
}
