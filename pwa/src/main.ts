import { mount } from 'svelte';
import { ApiProblem } from './api/client';
import App from './App.svelte';
import { SaveFailed } from './outbox/errors';
import { toast } from './ui/toasts';
import './ui/tokens.css';
import { registerWorker } from './ui/updates';

// The last net: a failure that no screen caught still reaches the person. A save must never fail in silence.
addEventListener('unhandledrejection', ({ reason }) => {
  if (reason instanceof SaveFailed || reason instanceof ApiProblem) toast(reason.detail, 'error');
});

const target = document.getElementById('app');
if (target) mount(App, { target });
void registerWorker();
