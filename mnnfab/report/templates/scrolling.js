// Tables and pictures that are wider than the page scroll in place, with the arrow keys too.
(() => {
  const update = () => {
    for (const area of document.querySelectorAll(".scroll")) {
      if (area.scrollWidth <= area.clientWidth) { area.removeAttribute("tabindex"); continue; }
      const label = area.querySelector("caption, img");
      area.tabIndex = 0;
      area.setAttribute("role", "region");
      area.setAttribute("aria-label", (label?.textContent || label?.alt || "table").trim());
    }
  };
  addEventListener("resize", update);
  addEventListener("load", update);
  for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", update);
})();
