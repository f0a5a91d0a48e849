// Light or dark.

const theme = byId("theme");

// Pages that are opened from a disk have no storage in some browsers.
function remembered(value) {
  try {
    if (value !== undefined) localStorage.setItem("ghoststream-theme", value);
    return localStorage.getItem("ghoststream-theme");
  } catch {
    return null;
  }
}

function setTheme(value) {
  theme.value = ["auto", "light", "dark"].includes(value) ? value : "auto";
  document.documentElement.dataset.theme = theme.value;
}

setTheme(remembered());
theme.addEventListener("change", () => {
  setTheme(theme.value);
  remembered(theme.value);
  drawAll();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());

const shade = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
