// Many rows, a page at a time.

// To `go` to a page shows its rows and, by this function again, the buttons.
function showPager(nav, page, rows, perPage, go) {
  const last = Math.max(0, Math.ceil(rows / perPage) - 1);
  if (last === 0) return nav.replaceChildren();
  const turn = (to, text) => {
    go(to);
    keepFocus(nav, text);
  };
  const step = (text, to, off) => {
    const button = element("button", { type: "button", onclick: () => turn(to, text) }, text);
    button.disabled = off;
    return button;
  };
  nav.replaceChildren(
    step("First", 0, page === 0), step("Previous", page - 1, page === 0),
    element("span", {}, `Page ${page + 1} of ${(last + 1).toLocaleString("en")}`),
    step("Next", page + 1, page === last), step("Last", last, page === last),
  );
}

function keepFocus(nav, text) {
  const buttons = [...nav.querySelectorAll("button:not(:disabled)")];
  (buttons.find((button) => button.textContent === text) ?? buttons[0])?.focus();
}
