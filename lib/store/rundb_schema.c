/*
 * The schema of the run database, which bp-runs(5) documents: change both. When a table changes, BP_RUNDB_VERSION and the changes in
 * rundb_migrate.c too; views are renewed whenever a program that has others opens a database to write.
 */
#include "store/rundb_private.h"

const char *const bp_rundb_tables =
"CREATE TABLE run ("
"  id INTEGER PRIMARY KEY AUTOINCREMENT,"   /* never used again: lineage counts on parents having smaller ones */
"  program TEXT NOT NULL,"
"  command TEXT,"
"  config TEXT CHECK (config IS NULL OR json_valid(config)),"
"  preset TEXT,"
"  task TEXT,"
"  body TEXT,"
"  policy TEXT,"
"  prior TEXT,"
"  seed,"                                   /* no type: integer up to 2^63 - 1, text beyond */
"  output TEXT,"
"  parent TEXT,"
"  fingerprint TEXT,"
"  checkpoint TEXT,"
"  state TEXT NOT NULL DEFAULT 'running'"
"    CHECK (state IN ('running', 'finished', 'stopped', 'failed', 'diverged')),"
"  started TEXT NOT NULL,"
"  finished TEXT,"
"  host TEXT,"
"  process INTEGER,"
"  version TEXT NOT NULL,"
"  sqlite_version TEXT NOT NULL,"
"  kernels TEXT"
");"
"CREATE INDEX run_output ON run (output);"

/* How far a run was, and what was measured since: a new metric is a name, and no column. Rows of one point stand together, as they are written. */
"CREATE TABLE point ("
"  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
"  transitions INTEGER NOT NULL,"
"  updates INTEGER,"
"  env_steps INTEGER,"
"  episodes INTEGER,"
"  seconds REAL,"
"  PRIMARY KEY (run, transitions)"
") WITHOUT ROWID;"
"CREATE TABLE metric ("
"  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
"  transitions INTEGER NOT NULL,"
"  name TEXT NOT NULL,"
"  value REAL NOT NULL,"
"  PRIMARY KEY (run, transitions, name)"
") WITHOUT ROWID;"

"CREATE TABLE evaluation ("
"  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
"  transitions INTEGER NOT NULL,"
"  task TEXT NOT NULL,"
"  play TEXT NOT NULL,"
"  episodes INTEGER,"
"  episode_return REAL,"
"  standard_error REAL,"
"  episode_length REAL,"
"  sequence_kl REAL,"
"  seconds REAL,"
"  PRIMARY KEY (run, transitions, task, play)"
") WITHOUT ROWID;"
"CREATE INDEX evaluation_task ON evaluation (task, play, episode_return);"

"CREATE TABLE checkpoint ("
"  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
"  hash TEXT NOT NULL,"
"  transitions INTEGER,"
"  path TEXT,"
"  written TEXT NOT NULL,"
"  PRIMARY KEY (run, hash)"
") WITHOUT ROWID;"
"CREATE INDEX checkpoint_hash ON checkpoint (hash, run);";

/* A metric as a column beside its point. SQLite looks it up only where a query asks for that column. */
#define METRIC(name) "(SELECT value FROM metric WHERE metric.run = point.run AND metric.transitions = point.transitions AND metric.name = '" name "') AS " name

const char *const bp_rundb_views =
/* Points with the metrics that they had when each was a column. */
"CREATE VIEW progress AS "
"SELECT run, transitions, updates, env_steps, episodes, " METRIC("episode_return") ", " METRIC("episode_length") ", " METRIC("kl_prior") ", "
METRIC("kl_prior_high") ", " METRIC("entropy") ", " METRIC("critic_loss") ", " METRIC("policy_loss") ", " METRIC("prior_loss") ", "
METRIC("q_mean") ", " METRIC("trace_weight") ", seconds "
"FROM point;"

/* One line a run: what it is, how far it came, its last evaluation. */
"CREATE VIEW runs AS "
"SELECT run.id AS run, run.program, run.state, run.preset, run.task, run.body, run.policy, run.prior, run.seed,"
"  (SELECT max(transitions) FROM point WHERE point.run = run.id) AS transitions,"
"  (SELECT seconds FROM point WHERE point.run = run.id ORDER BY point.transitions DESC LIMIT 1) AS seconds,"
"  (SELECT value FROM metric WHERE metric.run = run.id AND metric.name = 'episode_return'"
"    ORDER BY metric.transitions DESC LIMIT 1) AS episode_return,"
"  last.task AS evaluation_task, last.play AS evaluation_play, last.episode_return AS evaluation_return,"
"  last.standard_error AS evaluation_standard_error,"
"  run.output, run.checkpoint, run.parent, run.started, run.finished, run.host, run.process, run.version,"
"  run.sqlite_version, run.kernels, run.command, run.config "
"FROM run LEFT JOIN ("
"  SELECT *, row_number() OVER (PARTITION BY run ORDER BY transitions DESC, task, play) AS place FROM evaluation"
") AS last ON last.run = run.id AND last.place = 1;"

/* Progress with all that one may group by. */
"CREATE VIEW curves AS "
"SELECT progress.run, run.program, run.preset, run.task, run.body, run.policy, run.prior, run.seed, run.state,"
"  progress.transitions, progress.updates, progress.env_steps, progress.episodes, progress.episode_return,"
"  progress.episode_length, progress.kl_prior, progress.kl_prior_high, progress.entropy, progress.critic_loss, progress.policy_loss,"
"  progress.prior_loss, progress.q_mean, progress.trace_weight, progress.seconds, run.config "
"FROM progress JOIN run ON run.id = progress.run;"

/* Evaluations likewise; `task` is the one that was played, `trained_on` the run's own. */
"CREATE VIEW evaluations AS "
"SELECT evaluation.run, run.program, run.preset, evaluation.task, evaluation.play, run.task AS trained_on, run.body,"
"  run.policy, run.prior, run.seed, run.state, evaluation.transitions, evaluation.episodes, evaluation.episode_return,"
"  evaluation.standard_error, evaluation.episode_length, evaluation.sequence_kl, evaluation.seconds, run.config "
"FROM evaluation JOIN run ON run.id = evaluation.run;"

/*
 * The last evaluation of every run, and runs that differ in the seed alone as one line, the mean of them: neither a lucky evaluation
 * nor a lucky seed comes out on top.
 */
"CREATE VIEW leaderboard AS "
"SELECT task, play, program, preset, policy, prior, reuse, count(*) AS runs, round(avg(episode_return), 1) AS episode_return,"
"  round(min(episode_return), 1) AS lowest, round(max(episode_return), 1) AS highest,"
"  round(avg(sequence_kl), 3) AS sequence_kl, sum(episodes) AS episodes, max(transitions) AS transitions, trained_on, body,"
"  max(run) AS run "
"FROM ("
"  SELECT *, json_remove(config, '$.seed') AS settings, CASE WHEN prior <> 'none' THEN json_extract(config, '$.reuse') END AS reuse,"
"    row_number() OVER (PARTITION BY run, task, play ORDER BY transitions DESC) AS place "
"  FROM evaluations WHERE episode_return IS NOT NULL"
") WHERE place = 1 GROUP BY task, play, program, preset, policy, prior, trained_on, body, settings "
"ORDER BY task, play, avg(episode_return) DESC;"

/*
 * Every run with its ancestors: generation 0 is the run itself, 1 the run that wrote the checkpoint that it started from, and
 * so on. Where several runs wrote the same bytes, the latest before the child counts. Each step goes to a smaller id, so it ends.
 */
"CREATE VIEW lineage AS "
"WITH RECURSIVE chain (run, generation, ancestor, checkpoint) AS ("
"  SELECT id, 0, id, checkpoint FROM run "
"  UNION ALL "
"  SELECT chain.run, chain.generation + 1,"
"    (SELECT max(run) FROM checkpoint WHERE hash = child.parent AND run < child.id), child.parent "
"  FROM chain JOIN run AS child ON child.id = chain.ancestor WHERE child.parent IS NOT NULL"
") "
"SELECT chain.run, chain.generation, chain.ancestor, chain.checkpoint, run.program, run.preset, run.task, run.body,"
"  run.policy, run.prior, run.seed, run.output "
"FROM chain LEFT JOIN run ON run.id = chain.ancestor ORDER BY chain.run, chain.generation;";

const char *const bp_rundb_drop_views =
"DROP VIEW IF EXISTS lineage; DROP VIEW IF EXISTS leaderboard; DROP VIEW IF EXISTS evaluations; DROP VIEW IF EXISTS curves;"
"DROP VIEW IF EXISTS runs; DROP VIEW IF EXISTS progress;";
