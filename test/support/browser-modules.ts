interface Bundler { bundle: (target?: string) => Promise<void> }

/**
 * Bundles the modules for browsers from their sources, as `npm run build` does. Tests that load them in a browser call
 * this first, so that no old `dist` is tested. `target` is a folder of its own, with a slash at its end.
 */
export async function bundleForBrowsers (target?: string): Promise<void> {
  const { bundle } = await import(
    String(new URL('../../src/browser/bundle.js', import.meta.url))
  ) as Bundler // plain JavaScript: it runs where nothing is compiled yet
  await bundle(target)
}
