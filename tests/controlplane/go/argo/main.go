// `argo lint --offline --strict`, the files on the command line: Argo's own lint without the rest of its command, which is four times as large.
package main

import (
	"log"
	"os"

	"github.com/argoproj/argo-workflows/v3/cmd/argo/lint"
	"github.com/argoproj/argo-workflows/v3/pkg/apiclient"
	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow"
)

func main() {
	files := os.Args[1:]
	ctx, client, err := apiclient.NewClientFromOpts(apiclient.Opts{Offline: true, OfflineFiles: files})
	if err != nil {
		log.Fatal(err)
	}
	options := lint.LintOptions{Files: files, Strict: true, DefaultNamespace: "default", Printer: os.Stdout}
	if err := lint.RunLint(ctx, client, []string{workflow.WorkflowPlural}, "simple", true, options); err != nil {
		log.Fatal(err)
	}
}
