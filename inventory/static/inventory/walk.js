// Counts by scanner: a keyboard wedge types a code and Enter; the camera does where it can read codes.
document.querySelectorAll("[data-walk]").forEach((form) => {
  const scan = form.querySelector("[data-scan]");
  const said = form.querySelector("[data-said]");
  const lines = [...form.querySelectorAll("[data-codes]")];

  // The server holds the count against what lay there at this moment.
  const stamp = (input) => {
    const at = input.parentElement.querySelector("[name^=at_]");
    if (at) at.value = input.value === "" ? "" : new Date().toISOString();
  };

  const take = (code) => {
    const line = lines.find((item) => item.dataset.codes.split("\n").includes(code));
    const bin = [...form.querySelectorAll("[data-bin]")].find((item) => item.dataset.bin === code);
    if (line) {
      const input = line.querySelector("[type=number]");
      input.value = (Number(input.value) || 0) + 1;
      stamp(input);
      lines.forEach((item) => item.classList.toggle("wk-hit", item === line));
      said.value = `${code}: ${input.value} ${form.dataset.counted}`;
    } else if (code === form.querySelector(".wk-bin").textContent.trim()) {
      said.value = form.dataset.here;
    } else if (bin) {
      bin.click();
    } else {
      form.querySelector("details").open = true;
      form.querySelector("#found_code").value = code;
      form.querySelector("#found_units").focus();
      said.value = form.dataset.other;
    }
  };

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    // A scanner ends every code with Enter, which must not send the page.
    event.preventDefault();
    const code = scan.value.trim();
    scan.value = "";
    scan.focus();
    if (event.target === scan && code) take(code);
  });
  form.addEventListener("input", (event) => {
    if (event.target.type === "number") stamp(event.target);
  });

  const button = form.querySelector("[data-camera]");
  const video = form.querySelector("[data-video]");
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  button.hidden = false;
  let stream = null;
  const stop = () => {
    stream.getTracks().forEach((track) => track.stop());
    stream = null;
    video.hidden = true;
  };
  button.addEventListener("click", async () => {
    if (stream) return stop();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      said.value = form.dataset.blocked;
      return;
    }
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    const detector = new BarcodeDetector();
    let last = "";
    let seen = 0;
    const look = async () => {
      if (!stream) return;
      const found = await detector.detect(video).catch(() => []);
      if (found.length) {
        const code = found[0].rawValue.trim();
        // The same code counts again only once it was out of sight.
        if (code !== last || Date.now() - seen > 1500) take(code);
        last = code;
        seen = Date.now();
      }
      setTimeout(look, 200);
    };
    look();
  });
});
