// 3D view: the three.js viewer of trimesh in an iframe that replaces the picture of the solid.
(() => {
  const frame = document.getElementById("solid"), words = document.getElementById("solid-words");
  const unpacked = async name => {
    const letters = JSON.parse(document.getElementById("solid-data").textContent)[name];
    const bytes = Uint8Array.from(atob(letters), letter => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  };
  const load = async () => {
    if (!document.createElement("canvas").getContext("webgl")) throw new Error("WebGL is required");
    const page = await (await unpacked("viewer")).text();
    const bytes = new Uint8Array(await (await unpacked("glb")).arrayBuffer());
    let letters = "";
    for (let at = 0; at < bytes.length; at += 32768)
      letters += String.fromCharCode(...bytes.subarray(at, at + 32768));
    frame.addEventListener("load", () => {
      words.textContent = "Drag to rotate, wheel or pinch to zoom, right button to pan.";
      frame.classList.add("ready");
    });
    frame.hidden = false;
    frame.srcdoc = page.replace("$B64GLTF", () => btoa(letters));
  };
  const fail = error => {
    frame.remove();
    words.textContent = `This browser cannot display the interactive view (${error.message}).`;
  };
  // After everything else of the page, whether or not it is scrolled to.
  addEventListener("load", () => setTimeout(() => load().catch(fail), 50));
})();
