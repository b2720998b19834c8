// Everything works without this. It only keeps a page fresh without losing one's place, and guards what was typed.
"use strict";

// A part of a page marked with data-refresh is fetched again every so many seconds while the page is seen.
for (const part of document.querySelectorAll("[data-refresh]")) {
  const again = async () => {
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html", "x-by-itself": "true" } });
      // Whose session is over is asked who it is: a list that no longer changes must not go on being shown.
      if (answer.redirected) location.reload();
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) {
        part.innerHTML = fresh.innerHTML;
        const told = document.getElementById("refreshed");
        if (told) told.textContent = "The list has changed.";
      }
    } catch { /* the next time, perhaps */ }
  };
  setInterval(again, Number(part.dataset.refresh) * 1000);
}

// A form that was changed and not sent asks before it is left.
let changed = false;
for (const form of document.querySelectorAll("form[data-guard]")) {
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
}
addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });

// Boxes for a day show it in the order the browser was set to; beside them it stands in words.
const dayInWords = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
for (const box of document.querySelectorAll('input[type="date"]')) {
  const told = document.createElement("p");
  told.className = "day-in-words";
  told.setAttribute("aria-live", "polite");
  const both = document.createElement("div");
  both.className = "with-day";
  box.replaceWith(both);
  both.append(box, told);
  const tell = () => {
    const on = box.valueAsDate;
    const now = new Date();
    const days = on && Math.round((Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - on) / 86400000);
    const far = { 0: "today", 1: "yesterday", [-1]: "tomorrow" }[days] || (days > 0 ? `${days} days ago` : `in ${-days} days`);
    told.textContent = on ? `${dayInWords.format(on)}, ${far}` : "";
  };
  box.addEventListener("input", tell);
  tell();
}

// Sheets are printed by a button where there is a script to do it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// A picture that is wider than the page begins where the episode is.
for (const here of document.querySelectorAll(".map .here")) {
  const frame = here.closest(".scroll");
  const [at, seen] = [here.getBoundingClientRect(), frame.getBoundingClientRect()];
  frame.scrollLeft += at.left + at.width / 2 - seen.left - seen.width / 2;
}

// Parts that only make sense after a choice was made: data-when="field=value value".
for (const part of document.querySelectorAll("[data-when]")) {
  const [name, values] = part.dataset.when.split("=");
  const form = part.closest("form");
  const show = () => {
    const chosen = new FormData(form).get(name);
    part.hidden = !values.split(" ").includes(chosen);
  };
  form.addEventListener("change", show);
  show();
}
