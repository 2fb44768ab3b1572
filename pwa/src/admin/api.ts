/** What the admin's screens ask of the server. Every failure is an ApiProblem. No call here reads a report. */
import { api } from '../api/client';

export type Role = 'officer' | 'desk' | 'admin';
export type Grant = 'supervisor' | 'auditor';

export type Account = {
  id: string;
  username: string;
  display_name: string;
  star: string | null;
  district: string | null;
  role: Role;
  grants: Grant[];
  active: boolean;
  must_change_password: boolean;
};

export type NewAccount = Pick<Account, 'username' | 'display_name' | 'star' | 'district' | 'role' | 'grants'>;

export type Enrolled = {
  id: string;
  name: string;
  user: string;
  enrolled_at: string;
  revoked_at: string | null;
};

export type District = { id: string; label: string };

const of = <T>(data: unknown): T => data as T;

export async function readAccounts(): Promise<Account[]> {
  const { data } = await api.GET('/api/users', {});
  return of<{ users: Account[] }>(data).users;
}

/** The account with its one-time password, which cannot be read again. */
export async function createAccount(body: NewAccount): Promise<{ user: Account; password: string }> {
  const { data } = await api.POST('/api/users', { body });
  return of(data);
}

export async function changeAccount(user_id: string, body: Omit<NewAccount, 'username'>): Promise<Account> {
  const { data } = await api.PATCH('/api/users/{user_id}', { params: { path: { user_id } }, body });
  return of(data);
}

export async function resetPassword(user_id: string): Promise<string> {
  const { data } = await api.POST('/api/users/{user_id}/password-reset', { params: { path: { user_id } } });
  return of<{ password: string }>(data).password;
}

export async function suspend(user_id: string): Promise<Account> {
  const { data } = await api.POST('/api/users/{user_id}/suspend', { params: { path: { user_id } } });
  return of(data);
}

export async function reactivate(user_id: string): Promise<Account> {
  const { data } = await api.POST('/api/users/{user_id}/reactivate', { params: { path: { user_id } } });
  return of(data);
}

export async function readDevices(): Promise<Enrolled[]> {
  const { data } = await api.GET('/api/devices', {});
  return of<{ devices: Enrolled[] }>(data).devices;
}

export async function revokeDevice(device_id: string): Promise<Enrolled> {
  const { data } = await api.POST('/api/devices/{device_id}/revoke', { params: { path: { device_id } } });
  return of(data);
}

export async function readDistricts(): Promise<District[]> {
  const { data } = await api.GET('/api/catalog', {});
  return of<{ options?: { districts?: District[] } }>(data).options?.districts ?? [];
}
