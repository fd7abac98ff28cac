import { TOKENS } from '../../browser/tokens.ts'

/** Styles of a page of documentation: one column, both themes, no sideways scrolling at 390 px. */
export const PAGE_STYLE = `${TOKENS}
*{box-sizing:border-box}
body{margin:0;background:var(--cg-bg);color:var(--cg-text);font:14px/20px system-ui,sans-serif}
main{max-width:760px;margin:0 auto;padding:24px 16px 48px}
nav{display:flex;gap:8px;align-items:center;color:var(--cg-muted);margin-bottom:24px}
nav a{display:inline-flex;align-items:center;min-height:40px}
h1{font-size:28px;line-height:36px;margin:0 0 8px;overflow-wrap:anywhere}
h2{font-size:20px;line-height:28px;margin:32px 0 8px}
p{margin:0 0 12px}ul{margin:0;padding-left:20px}li{margin:0 0 8px}
a{color:var(--cg-accent)}
a:focus-visible,pre:focus-visible{outline:2px solid var(--cg-accent);outline-offset:2px;border-radius:6px}
code,pre{font:13px/18px ui-monospace,monospace}
code{overflow-wrap:anywhere}
pre{background:var(--cg-surface);border:1px solid var(--cg-line);border-radius:8px;padding:12px 16px;margin:0 0 12px;
white-space:pre-wrap;overflow-wrap:anywhere}
.muted{color:var(--cg-muted)}
.tag{display:inline-block;border:1px solid var(--cg-line);border-radius:8px;padding:1px 8px;font-variant-numeric:tabular-nums}
.list{list-style:none;padding:0;border:1px solid var(--cg-line);border-radius:var(--cg-radius);overflow:hidden}
.list li{margin:0;border-top:1px solid var(--cg-line)}.list li:first-child{border-top:0}
.list a{display:grid;grid-template-columns:48px minmax(0,1fr);gap:4px 12px;padding:10px 16px;text-decoration:none;color:inherit}
.list a:hover,.list li:target{background:var(--cg-surface)}
.list a:focus-visible{outline-offset:-2px}
.list .status{color:var(--cg-muted);font-variant-numeric:tabular-nums}
.list code{color:var(--cg-accent)}
`
