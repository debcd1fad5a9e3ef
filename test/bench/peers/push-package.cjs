// Pushes a package the way a step with Octopus's client for Node.js does. Arguments: the client's module, the server's URL, and the package's file.
'use strict';
const [modulePath, instanceURL, path] = process.argv.slice(2);
const { Client, OverwriteMode, PackageRepository } = require(modulePath);

async function main() {
  const client = await Client.create({ userAgentApp: 'bench', instanceURL, apiKey: process.env.TOKEN });
  await new PackageRepository(client, 'Default').push([path], OverwriteMode.FailIfExists);
}

main()
  .catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  })
  // Its connections would keep the process alive.
  .finally(() => process.exit());
