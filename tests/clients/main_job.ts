// The main job through the generated TypeScript client; prints what it learned as JSON.
// It is compiled where the client has just been generated.

import * as touchbase from "./client";
import { client } from "./client/client.gen";

const NOBODY = "0197f3a0-5b1c-7d3e-8f00-3c6d1a2b4e5f";
const LATER = "2026-07-20T09:00:00+01:00";

const [baseUrl, key] = process.argv.slice(2);
client.setConfig({ baseUrl, auth: () => key });

/** The answer of a request that succeeded. */
async function good<Answer>(
  asked: Promise<{ data?: Answer; error?: touchbase.Problem }>,
): Promise<Answer> {
  const { data, error } = await asked;
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

/** The answer of a request that was refused. */
async function problem(asked: Promise<{ error?: touchbase.Problem }>): Promise<touchbase.Problem> {
  const { error } = await asked;
  if (error === undefined) throw new Error("was not refused");
  return error;
}

/** An application and the interview that has taken place. */
async function interview(): Promise<{ application_id: string; interview_id: string }> {
  const consultant = await good(touchbase.createConsultant({ body: { name: "Kim Adeyemi" } }));
  const hiring = await good(touchbase.createClient({ body: { name: "Northwind Foods" } }));
  const contact = await good(
    touchbase.createClientContact({
      path: { client_id: hiring.id },
      body: { name: "Rosa Blum", holidays: "GB-ENG" },
    }),
  );
  const candidate = await good(touchbase.createCandidate({ body: { name: "Amara Osei" } }));
  const job = await good(touchbase.createJob({ body: { client_id: hiring.id, title: "Buyer" } }));
  const application = await good(
    touchbase.createApplication({
      body: {
        candidate_id: candidate.id,
        job_id: job.id,
        client_contact_id: contact.id,
        consultant_id: consultant.id,
      },
    }),
  );
  const planned = await good(
    touchbase.scheduleInterview({
      path: { application_id: application.id },
      body: { start: "2026-07-14T10:00:00+01:00", end: "2026-07-14T11:00:00+01:00" },
    }),
  );
  return { application_id: application.id, interview_id: planned.id };
}

/** The members of the account that come back, as they were given. */
async function debrief(interview_id: string): Promise<unknown[]> {
  const saved = await good(
    touchbase.recordDebrief({
      path: { interview_id },
      body: {
        interest_score: 8,
        occurred_at: "2026-07-14T11:30:00+01:00",
        liked: ["The team"],
        concerns: [{ category: "commute", text: "Two trains" }],
        timescale: { kind: "date", date: "2026-07-17", phrase: "by Friday" },
      },
    }),
  );
  const { account } = await good(touchbase.getDebrief({ path: { debrief_id: saved.id } }));
  return [account.liked, account.concerns?.[0].category, account.notes === undefined];
}

/** Where the application stands, and why. */
async function status(application_id: string): Promise<string[]> {
  const explained = await good(
    touchbase.getApplicationStatus({ path: { application_id }, query: { as_of: LATER } }),
  );
  return [explained.status, ...explained.reasons.map((reason) => reason.explanation)];
}

/** Who is due a word. */
async function due(): Promise<string[]> {
  const { items } = await good(touchbase.listDue({ query: { as_of: LATER } }));
  return items.flatMap((card) =>
    card.items.map((item) => `${card.candidate.name}: ${item.code} to ${item.target.name}`),
  );
}

/** What is said of an unknown id, and of a score that is none. */
async function refusals(interview_id: string): Promise<unknown[]> {
  const missing = await problem(touchbase.getClient({ path: { client_id: NOBODY } }));
  const refused = await problem(
    touchbase.recordDebrief({ path: { interview_id }, body: { interest_score: 11 } }),
  );
  const [wrong] = refused.errors ?? [];
  return [
    [missing.status, missing.code],
    [refused.status, wrong.pointer, wrong.code],
  ];
}

/** How two requests with one external id are answered. */
async function upserts(): Promise<number[]> {
  const body = { name: "Halden Rail", external_refs: [{ source: "bullhorn", id: "88412" }] };
  const first = await touchbase.createClient({ body, throwOnError: true });
  const second = await touchbase.createClient({ body, throwOnError: true });
  return [first.response.status, second.response.status];
}

/** The zone of a candidate who is posted again without it. */
async function kept(): Promise<string> {
  const external_refs = [{ source: "bullhorn", id: "90017" }];
  const abroad = { name: "Li Wei", timezone: "Asia/Singapore", external_refs };
  await good(touchbase.createCandidate({ body: abroad }));
  const again = { name: "Li Wei Tan", external_refs };
  return (await good(touchbase.createCandidate({ body: again }))).timezone;
}

/** Whether a request sent again with its key made nothing new. */
async function retries(): Promise<boolean> {
  const request = { body: { name: "Priya Shah-Lee" }, headers: { "Idempotency-Key": "one-press" } };
  const first = await good(touchbase.createConsultant(request));
  const second = await good(touchbase.createConsultant(request));
  return first.id === second.id;
}

/** The names on each page of a list. */
async function pages(): Promise<string[][]> {
  for (const name of ["Ben Carver", "Chiara Neri", "Dana Whitlock", "Emeka Obi"]) {
    await good(touchbase.createCandidate({ body: { name } }));
  }
  const names: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await good(touchbase.listCandidates({ query: { limit: 2, cursor } }));
    names.push(page.items.map((candidate) => candidate.name));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return names;
}

async function main(): Promise<void> {
  const { application_id, interview_id } = await interview();
  const learned = {
    debrief: await debrief(interview_id),
    status: await status(application_id),
    due: await due(),
    refusals: await refusals(interview_id),
    upserts: await upserts(),
    kept: await kept(),
    retries: await retries(),
    pages: await pages(),
  };
  console.log(JSON.stringify(learned));
}

void main();
