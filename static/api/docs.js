// Draws the API's description with Swagger UI, in the theme of the other pages.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => {
    const theme = root.dataset.theme ?? (dark.matches ? "dark" : "light");
    root.classList.toggle("dark-mode", theme === "dark");
  };
  dark.addEventListener("change", dress);
  dress();

  const place = document.getElementById("api");
  SwaggerUIBundle({
    url: place.dataset.description,
    domNode: place,
    deepLinking: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 4,
    docExpansion: "list",
    tryItOutEnabled: true,
  });
})();
