/* The field in the top bar finds while somebody types. The arrows walk through the list, Enter goes, Escape closes.
   Without this script, Enter leads to the page of results. */
"use strict";

const find = document.getElementById("find");
const found = document.getElementById("found");

if (find && found) {
  const options = () => [...found.querySelectorAll("[role=option][href]")];
  let active = null;

  const choose = (option) => {
    active?.setAttribute("aria-selected", "false");
    active = option;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) find.setAttribute("aria-activedescendant", active.id);
    else find.removeAttribute("aria-activedescendant");
  };
  const show = (open) => {
    found.hidden = !open;
    find.setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  };

  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "found-list", "aria-expanded": "false" })) find.setAttribute(name, value);
  found.addEventListener("htmx:afterSwap", () => {
    active = null;
    show(document.activeElement === find && find.value.trim() !== "");
    document.getElementById("announcer").textContent = found.firstElementChild?.dataset.said || "";
  });
  find.addEventListener("focus", () => show(find.value.trim() !== "" && options().length > 0));
  find.addEventListener("input", () => { if (!find.value.trim()) show(false); });
  find.form.addEventListener("focusout", (event) => { if (!find.form.contains(event.relatedTarget)) show(false); });
  find.addEventListener("keydown", (event) => {
    const all = options();
    if (event.key === "Escape" && !found.hidden) {
      show(false);
      event.stopPropagation();
    } else if (event.key === "Enter" && active && !found.hidden) {
      event.preventDefault();
      location.assign(active.href);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
      event.preventDefault();
      show(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const place = active ? all.indexOf(active) + step : step > 0 ? 0 : all.length - 1;
      choose(all[(place + all.length) % all.length]);
    }
  });
}
