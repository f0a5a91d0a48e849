// Requests to the API, and what is said of those that fail.

const csrf = document.documentElement.dataset.csrf;

export function tell(sentence) {
  const line = document.createElement("p");
  line.textContent = sentence;
  document.getElementById("told").append(line);
  setTimeout(() => line.remove(), 6000);
}

/** Sends JSON, and gives the answer; throws an Error whose message is a sentence. */
export async function call(method, path, body) {
  const headers = { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error("The server does not answer. Is it still running?");
  }
  if (answer.status === 401 && path !== "/api/session") location.assign("/sign-in?next=" + encodeURIComponent(location.pathname + location.search));
  const data = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(data?.message ?? `The server answers ${answer.status}.`);
  return data;
}

/** As `call`, but says what failed, and gives undefined then. */
export async function attempt(method, path, body) {
  try {
    return (await call(method, path, body)) ?? null;
  } catch (error) {
    tell(error.message);
    return undefined;
  }
}

/** An element that the server has drawn. */
export async function drawn(path) {
  const answer = await fetch(path, { headers: { Accept: "text/html" } });
  if (!answer.ok) return null;
  const template = document.createElement("template");
  template.innerHTML = (await answer.text()).trim();
  return template.content.firstElementChild;
}

/** Sends a form, and gives the page that the server answers with; says what failed. */
export async function send(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "X-CSRF-Token": csrf, Accept: "text/html" }, body });
    if (answer.ok) return new DOMParser().parseFromString(await answer.text(), "text/html");
    tell((await answer.json().catch(() => null))?.message ?? `The server answers ${answer.status}.`);
  } catch {
    tell("The server does not answer. Is it still running?");
  }
  return undefined;
}
