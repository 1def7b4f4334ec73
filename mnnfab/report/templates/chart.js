// Chart of all designs of a batch: any number against any other, the best one, and the Pareto front.
(() => {
  const {axes, points} = JSON.parse(document.getElementById("chart-data").textContent);
  const shown = points.some(point => point.values.filter(value => typeof value === "number").length > 1);
  if (axes.length < 2 || !shown) return;
  document.getElementById("chart-section").hidden = false;
  const svg = document.getElementById("chart"), words = document.getElementById("chart-words");
  const [horizontal, vertical] = ["horizontal", "vertical"].map(id => document.getElementById(id));
  for (const select of [horizontal, vertical])
    axes.forEach((axis, place) => select.add(new Option(axis.heading, place)));
  const named = key => axes.findIndex(axis => axis.key === key);
  vertical.value = Math.max(named("metric_as_read"), 0);
  const other = ["mass_g", "first_instability"].map(named).find(place => place >= 0 && place !== +vertical.value);
  horizontal.value = other ?? (+vertical.value === 0 ? 1 : 0);
  const box = {left: 70, right: 620, top: 16, bottom: 330};
  const make = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
    return made;
  };
  const short = value => Number(value.toPrecision(3)).toString();
  const scale = (values, start, end) => {
    const low = Math.min(...values), high = Math.max(...values);
    const margin = 0.06 * (high - low) || 0.5 * Math.abs(high) || 1;
    const [from, to] = [low - margin, high + margin];
    const at = value => start + (value - from) / (to - from) * (end - start);
    const rough = (to - from) / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 5].find(factor => factor * power >= rough) ?? 10);
    at.ticks = [];
    for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) at.ticks.push(tick);
    return at;
  };
  // Whether one value is better than another, or as good: numbers without a direction are not compared.
  const sense = axis => ({higher: 1, lower: -1})[axis.better] ?? 0;
  const draw = () => {
    svg.replaceChildren();
    const [x, y] = [+horizontal.value, +vertical.value];
    const known = points.filter(point => [x, y].every(place => typeof point.values[place] === "number"));
    if (!known.length) { words.textContent = "No design has both numbers."; return; }
    const right = scale(known.map(point => point.values[x]), box.left, box.right);
    const up = scale(known.map(point => point.values[y]), box.bottom, box.top);
    make("path", {class: "axis", fill: "none", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}`});
    for (const tick of right.ticks)
      make("text", {x: right(tick), y: box.bottom + 18, "text-anchor": "middle"}, short(tick));
    for (const tick of up.ticks)
      make("text", {x: box.left - 8, y: up(tick) + 4, "text-anchor": "end"}, short(tick));
    make("text", {x: (box.left + box.right) / 2, y: box.bottom + 40, "text-anchor": "middle"}, axes[x].heading);
    make("text", {transform: `translate(14 ${(box.top + box.bottom) / 2}) rotate(-90)`, "text-anchor": "middle"}, axes[y].heading);
    const [senseX, senseY] = [sense(axes[x]), sense(axes[y])];
    const merit = point => senseY * point.values[y];
    const passed = known.filter(point => point.ending === "pass");
    const best = senseY ? (passed.length ? passed : known).reduce((a, b) => merit(b) > merit(a) ? b : a) : null;
    let front = [];
    if (senseX && senseY && x !== y) {
      // From the best horizontal value on, those whose vertical value is better than all before.
      const order = [...(passed.length ? passed : known)];
      order.sort((a, b) => senseX * (b.values[x] - a.values[x]) || merit(b) - merit(a));
      let highest = -Infinity;
      for (const point of order) if (merit(point) > highest) { front.push(point); highest = merit(point); }
      front.sort((a, b) => a.values[x] - b.values[x]);
      make("polyline", {class: "front", points: front.map(one => `${right(one.values[x])},${up(one.values[y])}`).join(" ")});
    }
    for (const point of known) {
      const link = make("a", {href: `${encodeURIComponent(point.name)}/report.html`});
      const kind = `${point.ending}${point === best ? " best" : ""}`;
      const [cx, cy] = [right(point.values[x]), up(point.values[y])];
      const mark = point.ending === "pass"
        ? make("circle", {class: kind, cx, cy, r: point === best ? 8 : 5})
        : make("path", {class: kind, d: `M${cx - 5} ${cy - 5}L${cx + 5} ${cy - 5}L${cx} ${cy + 5}Z`});
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      title.textContent = `${point.name}: ${short(point.values[x])}, ${short(point.values[y])} (${point.ending})`;
      mark.append(title);
      link.setAttribute("aria-label", title.textContent);
      link.append(mark);
      if (point === best)
        make("text", {x: cx + (cx > 500 ? -12 : 12), y: cy - 10, "text-anchor": cx > 500 ? "end" : "start"}, point.name);
    }
    words.textContent = `${known.length} designs; circles pass, triangles fail.` +
      (best ? ` Best ${axes[y].heading}: ${best.name}, ${short(best.values[y])}.` : "") +
      (front.length ? ` Dashed: Pareto front of ${front.length} ${passed.length ? "designs that pass" : "designs"}, none of which another surpasses in both numbers.` : "");
  };
  horizontal.addEventListener("change", draw);
  vertical.addEventListener("change", draw);
  draw();
})();
