export { type CourseNotebook, courseNotebooks, solutionText } from "./course";
export { type Attempt, appendAttempt, type Journal, journalPath, readJournal } from "./journal";
export { type ExerciseState, type NotebookProgress, Progress, progress } from "./progress";
export { NO_STANDING, noteAttempt, type Standing } from "./attempts";
