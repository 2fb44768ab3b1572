import { readable, type Readable } from 'svelte/store';
export type User = {
  id: string;
  username: string;
  display_name: string;
  star: string | null;
  district: string | null;
  role: 'officer' | 'desk' | 'admin';
  grants: string[];
  must_change_password: boolean;
};
export type SessionView = { user: User | null; online: 'unknown' | 'yes' | 'no'; needsLogin: boolean };
export const session: Readable<SessionView> = readable({ user: null, online: 'unknown', needsLogin: false });
export declare function signIn(username: string, password: string): Promise<void>;
export declare function signOut(): Promise<void>;
export declare function startOffline(): Promise<boolean>;
export declare function changePassword(current: string, next: string): Promise<void>;
