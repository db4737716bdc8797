/** How the page looks. In the page a digest of it stands, by which a browser knows it. */
export const style = `
:root {
  --ground: #f7f6f3; --paper: #ffffff; --ink: #1b1d21; --soft: #5b616b; --line: #dcdad4; --band: #f1efea;
  --leak: #cf1f2e; --other: #e07b16; --carrier: #2a6fb8; --upkeep: #8a7f6a; --lan: #5c8f3a; --exception: #8b5fb0;
  --forwarded: #2b9a94; --held: #14734a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121417; --paper: #1a1d21; --ink: #e9e7e2; --soft: #a0a6b0; --line: #33373e; --band: #20242a;
    --leak: #ff5a52; --other: #ff9d3f; --carrier: #6cadf0; --upkeep: #b5a98f; --lan: #8cc465; --exception: #b98be0;
    --forwarded: #55c9c2; --held: #5fd39b;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 17px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { margin: 0 0 16px; font-size: 28px; line-height: 1.2; }
h2 { margin: 40px 0 12px; font-size: 22px; }
.eyebrow { margin: 0 0 8px; color: var(--soft); font-size: 15px; }
.held { color: var(--held); }
.leaked { color: var(--leak); }
.doubtful { color: var(--other); }
.chart { display: block; width: 100%; height: auto; background: var(--paper); border: 1px solid var(--line); }
.band { fill: var(--band); }
.grid { stroke: var(--line); }
.phase { fill: var(--ink); font-size: 14px; }
.tick { fill: var(--soft); font-size: 13px; }
.leak { fill: var(--leak); }
.other { fill: var(--other); }
.carrier { fill: var(--carrier); }
.upkeep { fill: var(--upkeep); }
.lan { fill: var(--lan); }
.exception { fill: var(--exception); }
.forwarded { fill: var(--forwarded); }
.legend { padding: 0; list-style: none; }
.swatch { width: 14px; height: 14px; }
table { width: 100%; margin: 0 0 24px; border-collapse: collapse; background: var(--paper); }
caption { padding: 0 0 8px; text-align: left; font-weight: 600; }
th, td { padding: 4px 12px; border: 1px solid var(--line); text-align: left; font-weight: 400; }
thead th { color: var(--soft); }
.good td:last-child { color: var(--held); }
.bad td:last-child { color: var(--leak); font-weight: 600; }
dl div { display: flex; gap: 12px; }
dt { min-width: 10em; color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
`;
