/** The app's answer. */
export interface AppAnswer {
  readonly ok: boolean;
  readonly text: string;
  readonly seconds: number;
}

/** Asks the app once. The first request after an idle time waits for the container to start. */
export async function askApp(url: string, timeoutSeconds = 60): Promise<AppAnswer> {
  const start = Date.now();
  const seconds = (): number => (Date.now() - start) / 1000;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) });
    const text = await response.text();
    return { ok: response.ok && text.trim() !== "", text, seconds: seconds() };
  } catch (e) {
    const cause = e instanceof Error && e.cause instanceof Error ? e.cause : e;
    return { ok: false, text: cause instanceof Error ? cause.message : String(cause), seconds: seconds() };
  }
}
