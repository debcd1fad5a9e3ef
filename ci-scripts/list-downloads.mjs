// Prints the names of a repository's Downloads: list-downloads.mjs WORKSPACE REPOSITORY. RELEASE_API_URL: another API than Bitbucket's.
const [workspace = '', repository = ''] = process.argv.slice(2);
const { RELEASE_API_URL, REPOSITORY_ACCESS_TOKEN: token = '' } = process.env;
const api = RELEASE_API_URL || 'https://api.bitbucket.org/2.0';

let url = `${api}/repositories/${workspace}/${repository}/downloads?pagelen=100`;
while (url !== undefined) {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) {
    process.stderr.write(
      `✖ the Downloads of ${workspace}/${repository} cannot be listed: ${answer.status} ${answer.statusText}\n`,
    );
    process.exit(1);
  }
  const { values, next } = await answer.json();
  for (const { name } of values) process.stdout.write(`${name}\n`);
  url = next;
}
