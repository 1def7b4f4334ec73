// Training history: a slider over the recorded widths and a play button.
(() => {
  const data = JSON.parse(document.getElementById("frames").textContent);
  const svg = document.getElementById("network"), slider = document.getElementById("frame");
  const label = document.getElementById("frame-label"), play = document.getElementById("play");
  const make = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    svg.append(made);
    return made;
  };
  const xs = data.nodes.map(n => n[0]), ys = data.nodes.map(n => -n[1]);
  const left = Math.min(...xs), top = Math.min(...ys), margin = 5;
  svg.setAttribute("viewBox", [left - margin, top - margin, Math.max(...xs) - left + 2 * margin,
                               Math.max(...ys) - top + 2 * margin].join(" "));
  const lines = data.bonds.map(([i, j]) => make("line",
    {x1: xs[i], y1: ys[i], x2: xs[j], y2: ys[j], "stroke-linecap": "round"}));
  const shapes = {fixed: "M0 -2.6L2.4 1.8L-2.4 1.8Z", in: "M2.4 0A2.4 2.4 0 1 1 -2.4 0A2.4 2.4 0 1 1 2.4 0Z", out: "M0 -3L0.88 -1.21L2.85 -0.93L1.43 0.46L1.76 2.43L0 1.5L-1.76 2.43L-1.43 0.46L-2.85 -0.93L-0.88 -1.21Z"};
  const fills = {fixed: "#0072B2", in: "#D55E00", out: "#009E73"};
  for (const [kind, nodes] of Object.entries(data.marks))  // outputs last, upon inputs
    for (const node of nodes)
      make("path", {d: shapes[kind], fill: fills[kind], stroke: "white", "stroke-width": 0.5,
                    transform: `translate(${xs[node]} ${ys[node]})`});
  const [low, high] = data.limits, several = data.rounds.at(-1) > data.rounds[0];
  const show = frame => {
    data.widths[frame].forEach((width, bond) => {
      const share = Math.min(1, Math.max(0, (width - low) / (high - low)));
      lines[bond].setAttribute("stroke-width", width);
      lines[bond].setAttribute("stroke", data.colours[Math.round(share * (data.colours.length - 1))]);
    });
    label.textContent = (several ? `round ${data.rounds[frame]}, ` : "") + `epoch ${data.epochs[frame]}`;
  };
  let timer = null;
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  slider.max = data.epochs.length - 1;
  slider.value = slider.max;
  slider.addEventListener("input", () => { stop(); show(+slider.value); });
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (+slider.value >= +slider.max) slider.value = 0;
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (+slider.value >= +slider.max) return stop();
      slider.value = +slider.value + 1;
      show(+slider.value);
    }, 80);
  });
  show(+slider.max);
})();
