const LIGHT = `
  --cg-bg: #ffffff; --cg-surface: #f7f8fa; --cg-line: #e3e6eb; --cg-text: #14181f; --cg-muted: #5b6472;
  --cg-accent: #3448c5; --cg-on-accent: #ffffff; --cg-good: #13795b; --cg-warn: #8a5a00; --cg-bad: #b3261e; color-scheme: light;`
const DARK = `
  --cg-bg: #0f1217; --cg-surface: #171b22; --cg-line: #2a303a; --cg-text: #eef1f5; --cg-muted: #9aa4b2;
  --cg-accent: #8ea0ff; --cg-on-accent: #0f1217; --cg-good: #5bd6a9; --cg-warn: #f0b429; --cg-bad: #ff8a80; color-scheme: dark;`

/** Colours, sizes and typefaces of every page, as custom properties. Dark follows the system unless `data-theme` says otherwise. */
export const TOKENS = `:root {${LIGHT}
  --cg-radius: 10px; --cg-radius-control: 8px; --cg-radius-thumbnail: 6px; --cg-space: 4px;
  --cg-font: system-ui, sans-serif; --cg-mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) {${DARK} } }
:root[data-theme="dark"] {${DARK} }
`
