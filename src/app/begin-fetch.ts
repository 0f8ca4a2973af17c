/**
 * Has Bun begin what its first `fetch` over TLS would wait for: a thread, and in it the reading of the system's
 * certificates. That takes 3 ms, which then pass beside the loading of the command (ADR 7). The request is
 * for a socket that cannot exist, and ends there. Nothing is done under Node, nor where variables name a proxy.
 */
export function beginFetch(): void {
  const { env, versions } = process;
  if (!('bun' in versions) || Object.keys(env).some((name) => /_proxy$/i.test(name))) return;
  const nowhere: RequestInit & { unix: string } = { unix: '/dev/null/none' };
  fetch('https://localhost/', nowhere).catch(() => {});
}
