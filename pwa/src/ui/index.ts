export { default as Button } from './Button.svelte';
export { default as Card } from './Card.svelte';
export { default as Dialog } from './Dialog.svelte';
export { default as EmptyState } from './EmptyState.svelte';
export { default as Field } from './Field.svelte';
export { default as StateBadge } from './StateBadge.svelte';
export { default as Toast } from './Toast.svelte';
export type { BadgeState } from './badges';
export { toast } from './toasts';
