/* The page is whole without this. It adds: the theme, times of the reader's own zone, finding, and the keyboard. */
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Where a page may not keep anything (a sandbox, a browser that was told so) the choice lasts as long as the page.
  const KEY = "phasegate-theme";
  const recall = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const keep = (theme) => { try { theme ? localStorage.setItem(KEY, theme) : localStorage.removeItem(KEY); } catch { /* not kept */ } };
  const paint = (theme) => { if (theme === "light" || theme === "dark") root.dataset.theme = theme; else delete root.dataset.theme; };
  paint(recall());

  const theme = () => {
    const button = document.getElementById("theme");
    const word = button.querySelector("span");
    const say = () => { word.textContent = root.dataset.theme ?? "system"; };
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      const next = { undefined: "dark", dark: "light", light: null }[root.dataset.theme];
      paint(next);
      keep(next);
      say();
    });
  };

  const times = () => {
    const two = (number) => String(number).padStart(2, "0");
    for (const time of document.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent;
      time.textContent = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
    }
    document.getElementById("zone").textContent = "Times are those of your own time zone.";
    document.querySelector(".keys").hidden = false;
  };

  const filter = () => {
    const find = document.getElementById("find");
    const chips = [...document.querySelectorAll(".chip")];
    const said = document.getElementById("shown");
    const rows = [...document.querySelectorAll(".phases tbody tr")].map((row) => ({
      row, state: row.dataset.state, text: row.textContent.toLowerCase(),
    }));
    const apply = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const states = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.value));
      let count = 0;
      for (const { row, state, text } of rows) {
        const fits = (!states.size || states.has(state)) && words.every((word) => text.includes(word));
        row.hidden = !fits;
        count += fits;
      }
      said.textContent = words.length || states.size ? `${count} of ${rows.length}` : "";
    };
    document.getElementById("filter").hidden = false;
    find.addEventListener("input", apply);
    for (const chip of chips) {
      chip.addEventListener("click", () => {
        chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
        apply();
      });
    }
    for (const { row } of rows) {
      row.addEventListener("click", (event) => {
        if (!event.target.closest("a") && !getSelection().toString()) row.querySelector("a").click();
      });
    }
    return find;
  };

  const zoom = () => {
    const tools = document.getElementById("zoom");
    if (!tools) return; // the graph was left out
    const graph = document.querySelector(".graph");
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const chosen = event.target.closest("button");
      if (!chosen) return;
      graph.classList.toggle("full", chosen.value === "full");
      for (const button of tools.children) button.setAttribute("aria-pressed", String(button === chosen));
    });
  };

  const details = () => {
    const narrow = matchMedia("(max-width: 1179px)");
    const behind = document.querySelectorAll("header, main, .skip");
    let opener = null;
    const open = () => {
      const id = decodeURIComponent(location.hash.slice(1));
      return id.startsWith("phase-") ? document.getElementById(id) : null;
    };
    const cover = () => {
      for (const part of behind) part.inert = narrow.matches && open() !== null;
    };
    const show = () => {
      const article = open();
      for (const marked of document.querySelectorAll("[aria-current]")) marked.removeAttribute("aria-current");
      cover();
      if (article) {
        for (const link of document.querySelectorAll(`a[href="#${CSS.escape(article.id)}"]`)) {
          if (!link.closest("aside")) link.setAttribute("aria-current", "true");
          link.closest(".phases tr")?.setAttribute("aria-current", "true");
        }
        article.scrollTop = 0;
        article.focus({ preventScroll: true });
      } else if (location.hash === "#closed" && opener?.isConnected) {
        opener.focus({ preventScroll: true });
        opener = null;
      }
    };
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.('a[href^="#phase-"]');
      if (link && !link.closest("aside")) opener = link;
    });
    addEventListener("hashchange", show);
    narrow.addEventListener("change", cover);
    show();
    return open;
  };

  document.addEventListener("DOMContentLoaded", () => {
    theme();
    times();
    zoom();
    const find = filter();
    const open = details();
    document.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "Escape" && open()) {
        location.hash = "closed";
      } else if (event.key === "/" && !open() && !event.target.closest("input")) {
        event.preventDefault();
        find.focus();
      }
    });
  });
})();
