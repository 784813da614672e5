
"use strict";
(function () {
  const root = document.documentElement;
  const table = document.getElementById("files");
  const files = Array.from(table.tBodies);
  const find = document.getElementById("find");
  const select = document.getElementById("sort");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const unfold = document.getElementById("unfold");
  const heads = Array.from(table.querySelectorAll("th[data-key]"));
  const chips = Array.from(document.querySelectorAll("#counts button"));
  // Numbers that are best seen from the largest down.
  const falling = { verdict: true, score: true, length: true };
  let key = "n";
  let down = false;

  function value(file, by) {
    if (by === "path" || by === "title") return file.dataset[by].toLowerCase();
    return Number(file.dataset[by === "verdict" ? "rank" : by]);
  }

  function sort() {
    const sign = down ? -1 : 1;
    const rows = files.map((file) => [value(file, key), Number(file.dataset.n), file]);
    rows.sort(function (a, b) {
      if (a[0] === "" || b[0] === "") return (a[0] === "") - (b[0] === "") || a[1] - b[1];
      return (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : 0) || a[1] - b[1];
    });
    rows.forEach((row) => table.appendChild(row[2]));
    heads.forEach(function (head) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    select.value = key;
  }

  function choose(by) {
    down = by === key ? !down : falling[by] === true;
    key = by;
    sort();
  }

  const texts = new Map();
  function text(file) {
    if (!texts.has(file)) texts.set(file, file.textContent.toLowerCase());
    return texts.get(file);
  }

  function filter() {
    const wanted = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.verdict);
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    files.forEach(function (file) {
      const fits = (wanted.length === 0 || wanted.includes(file.dataset.verdict)) && words.every((word) => text(file).includes(word));
      file.hidden = !fits;
      if (fits) count += 1;
    });
    shown.textContent = count === files.length ? "" : count + " of " + files.length + " shown";
    none.hidden = count > 0;
  }

  function open(file, state) {
    file.classList.toggle("open", state);
    file.querySelector(".verdict").setAttribute("aria-expanded", String(state));
  }

  table.addEventListener("click", function (event) {
    const row = event.target.closest(".row");
    if (row && !String(window.getSelection())) open(row.parentNode, !row.parentNode.classList.contains("open"));
  });
  heads.forEach(function (head) {
    head.tabIndex = 0;
    head.addEventListener("click", () => choose(head.dataset.key));
    head.addEventListener("keydown", function (event) {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(head.dataset.key);
      }
    });
  });
  select.addEventListener("change", function () {
    key = "";
    choose(select.value);
  });
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  });
  find.addEventListener("input", filter);
  unfold.addEventListener("click", function () {
    const all = files.some((file) => !file.classList.contains("open"));
    files.forEach((file) => open(file, all));
    unfold.textContent = all ? "Close all" : "Open all";
  });

  root.classList.add("js");
  document.getElementById("tools").hidden = false;
  if (files.length === 1) open(files[0], true);
})();
