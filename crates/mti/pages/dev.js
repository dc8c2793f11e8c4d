// Loads the page anew when the app has been reloaded.
const shown = document.body.dataset.generation;
const gone = document.getElementById("gone");

async function look() {
  try {
    const answer = await fetch("dev/state.json", { cache: "no-store" });
    const { generation } = await answer.json();
    gone.hidden = true;
    if (String(generation) !== shown) {
      location.reload();
      return;
    }
  } catch {
    gone.hidden = false;
  }
  setTimeout(look, 1000);
}

setTimeout(look, 1000);
