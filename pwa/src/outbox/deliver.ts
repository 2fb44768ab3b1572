/** Delivering what one user left on this phone: ops, then photos. The page and the service worker both do it so. */
import type { UserStore } from '../storage/user';
import { sendPhotos, type PhotoDelivery } from './photos';
import { pushPending } from './push';
import { ReportFailed } from './trouble';

/** The lock under which alone anything is sent, among the tabs and the worker. */
export const SENDER = 'holdfast-send';

/** Deliver what waits, a hold before all; nothing is asked of the server where nothing does. Raises ApiProblem. */
export async function deliver(delivery: PhotoDelivery): Promise<void> {
  if ((await waiting(delivery.store)) === 0) return;
  let problem: unknown = null;
  try {
    await pushPending(delivery);
  } catch (failed) {
    // The ops' trouble is not the photos'.
    if (!(failed instanceof ReportFailed)) throw failed;
    problem = failed;
  }
  await sendPhotos(delivery);
  if (problem) throw problem;
}

/** How much of a user's work would be sent now. */
export async function waiting({ db }: UserStore): Promise<number> {
  const [ops, photos] = await Promise.all([
    db.ops.where({ state: 'pending' }).count(),
    db.photos.where({ state: 'pending' }).count()
  ]);
  return ops + photos;
}
