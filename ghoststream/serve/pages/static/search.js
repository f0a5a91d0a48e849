// A picture is dropped, pasted or chosen; all three send the form.

import "./review.js";
import { send, tell } from "./api.js";

const form = document.querySelector("[data-drop]");
const field = form.querySelector("input[type=file]");

/** The server draws the page of what it finds; what is asked with stays as it is. */
async function ask(picture) {
  const body = new FormData();
  body.append("picture", picture);
  form.setAttribute("aria-busy", "true");
  const page = await send("/search", body);
  form.removeAttribute("aria-busy");
  const found = page?.querySelector("[data-found]");
  if (found) document.querySelector("[data-found]").replaceWith(found);
}

function take(files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (pictures.length) ask(pictures[0]);
  else tell("That is no picture.");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  take(field.files);
});

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => event.relatedTarget ?? form.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  take(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) take(event.clipboardData.files);
});
