// Uploads a file by tus-js-client as anybody would, and prints its address.
const fs = require("node:fs");
const tus = require("tus-js-client");

const [endpoint, key, path] = process.argv.slice(2);
const upload = new tus.Upload(fs.createReadStream(path), {
  endpoint,
  headers: { Authorization: `Key ${key}` },
  metadata: { filename: "photo.jpg", filetype: "image/jpeg" },
  uploadSize: fs.statSync(path).size,
  chunkSize: 700_000,
  retryDelays: Array(40).fill(200),
  onError: (error) => { console.error(String(error)); process.exitCode = 1; },
  onSuccess: () => console.log(upload.url),
});
upload.start();
