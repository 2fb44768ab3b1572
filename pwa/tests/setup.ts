// What a browser has and Node has not. The network is each test's own (tests/server.ts).
import 'fake-indexeddb/auto';

const page = { origin: 'http://holdfast.test', hash: '', reload: () => undefined };
Object.assign(globalThis, { location: page, navigator: { userAgent: 'Android' } });
