package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/queue"
)

func jobsCommand(a *app) *cobra.Command {
	return group("jobs", "Show and cancel queued ingest jobs", jobsList(a), jobsShow(a), jobsCancel(a))
}

// withQueue opens the database's queue.
func (a *app) withQueue(cmd *cobra.Command, use func(*queue.Queue) error) error {
	return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
		jobs, err := queue.New(db)
		if err != nil {
			return err
		}
		return use(jobs)
	})
}

func jobsList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List jobs, the newest first", Args: cobra.NoArgs,
		Example: "  visage jobs list\n  visage jobs list --state failed --json",
	}
	asJSON := jsonFlag(cmd.Flags())
	states := cmd.Flags().StringSlice("state", nil, fmt.Sprintf("only those in these states, of %v", queue.States()))
	limit := cmd.Flags().Int("limit", 100, "at most so many, up to 10000")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		filter := queue.Filter{Limit: *limit}
		for _, state := range *states {
			filter.States = append(filter.States, queue.State(state))
		}
		return a.withQueue(cmd, func(q *queue.Queue) error {
			jobs, err := q.List(cmd.Context(), filter)
			if err != nil {
				return err
			}
			counts, err := q.Counts(cmd.Context())
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, map[string]any{"jobs": jobs, "counts": counts})
			}
			return a.printJobs(jobs, counts)
		})
	}
	return cmd
}

func (a *app) printJobs(jobs []queue.Job, counts map[queue.State]int) error {
	rows := make([][]string, len(jobs))
	for i, j := range jobs {
		rows[i] = []string{
			strconv.FormatInt(j.ID, 10), string(j.State), j.Gallery, j.Root, strconv.Itoa(j.Files), strconv.Itoa(j.Attempts),
			j.Queued.Local().Format(time.DateTime), j.Worker, j.Error,
		}
	}
	if err := printTable(a.out, []string{"job", "state", "gallery", "folder", "files", "attempts", "queued", "worker", "error"}, rows); err != nil {
		return err
	}
	var all []string
	for _, state := range queue.States() {
		all = append(all, fmt.Sprintf("%d %s", counts[state], state))
	}
	_, err := fmt.Fprintln(a.out, strings.Join(all, ", "))
	return err
}

func jobsShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show JOB", Short: "Show a job with its files, and what was done", Args: cobra.ExactArgs(1), Example: "  visage jobs show 17 --json",
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := jobID(args[0])
		if err != nil {
			return err
		}
		return a.withQueue(cmd, func(q *queue.Queue) error {
			job, err := q.Show(cmd.Context(), id)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(a.out, job)
			}
			return a.printJob(job)
		})
	}
	return cmd
}

func (a *app) printJob(j queue.Job) error {
	if err := a.printJobs([]queue.Job{j}, map[queue.State]int{j.State: 1}); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "spaces %s, detector %s\n", plain(strings.Join(j.Spaces, ", ")), plain(j.Detector))
	for _, path := range j.Paths {
		fmt.Fprintln(a.out, plain(path))
	}
	if j.Report == nil {
		return nil
	}
	return a.printReport(*j.Report, false)
}

func jobsCancel(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "cancel JOB...", Short: "End jobs before their time; what was committed stays", Example: "  visage jobs cancel 17 18\n  visage jobs cancel --all",
	}
	all := cmd.Flags().Bool("all", false, "all that are not at an end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *all != (len(args) == 0) {
			return misuse{errors.New("jobs cancel: name jobs, or --all")}
		}
		ids := make([]int64, len(args))
		for i, arg := range args {
			var err error
			if ids[i], err = jobID(arg); err != nil {
				return err
			}
		}
		return a.withQueue(cmd, func(q *queue.Queue) error {
			if *all {
				return a.cancelAll(cmd, q)
			}
			for _, id := range ids {
				if err := a.cancel(cmd, q, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

func (a *app) cancel(cmd *cobra.Command, q *queue.Queue, id int64) error {
	job, err := q.Cancel(cmd.Context(), id)
	if err != nil {
		return err
	}
	state := string(job.State)
	if job.State == queue.Running {
		state = "running, and its worker is told"
	}
	_, err = fmt.Fprintf(a.out, "job %d is %s\n", id, state)
	return err
}

// cancelAll cancels what waits, some at a time, and then what runs.
func (a *app) cancelAll(cmd *cobra.Command, q *queue.Queue) error {
	const atOnce = 10_000
	for _, states := range [][]queue.State{{queue.Waiting, queue.Retrying}, {queue.Running}} {
		for {
			jobs, err := q.List(cmd.Context(), queue.Filter{States: states, Limit: atOnce})
			if err != nil {
				return err
			}
			for _, job := range jobs {
				if err := a.cancel(cmd, q, job.ID); err != nil {
					return err
				}
			}
			if len(jobs) == 0 || states[0] == queue.Running {
				break
			}
		}
	}
	return nil
}

func jobID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, misuse{fmt.Errorf("jobs: %q is no job's number: see visage jobs list", text)}
	}
	return id, nil
}
