// All of it, on the screen and on paper.

function drawAll() {
  draw();
  drawStrips();
}

let printing = false;
addEventListener("beforeprint", () => {
  if (printing) return;
  printing = true;
  document.documentElement.dataset.theme = "light";
  [table.page, table.perPage] = [0, PRINTED_ROWS];
  showRows();
  if (table.rows.length > PRINTED_ROWS) byId("found").textContent += `, of which ${PRINTED_ROWS.toLocaleString("en")} are printed`;
  drawAll();
});
addEventListener("afterprint", () => {
  printing = false;
  setTheme(theme.value);
  table.perPage = PAGE_ROWS;
  showRows();
  drawAll();
});
new ResizeObserver(drawAll).observe(timeline);

fillChoices();
filter();
byId("overview").hidden = data.sources.length < 2;
showSource(Math.max(0, bySource.findIndex((own) => own.length > 0)));
if (data.sources.length > 1) showSources();
