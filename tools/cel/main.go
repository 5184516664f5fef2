// Prints the functions, macros and type names of the CEL environment in which the API server compiles the rules of a new
// CustomResourceDefinition, as one line of JSON: what aichaos/check/schema/cel/typing.py reads. The argument is the version of Kubernetes
// that rules have to be understood by: the one before the server's own.
package main

import (
	"encoding/json"
	"os"
	"sort"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
)

func main() {
	env := environment.MustBaseEnvSet(version.MustParse(os.Args[1])).NewExpressionsEnv()
	functions := map[string][][]any{}
	for name, function := range env.Functions() {
		for _, each := range function.OverloadDecls() {
			arguments := []string{}
			for _, argument := range each.ArgTypes() {
				arguments = append(arguments, argument.String())
			}
			functions[name] = append(functions[name], []any{each.ID(), each.IsMemberFunction(), arguments, each.ResultType().String()})
		}
	}
	macros := []string{}
	for _, macro := range env.Macros() {
		macros = append(macros, macro.MacroKey())
	}
	sort.Strings(macros)
	variables := map[string]string{}
	for _, variable := range env.Variables() {
		variables[variable.Name()] = variable.Type().String()
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(map[string]any{"functions": functions, "macros": macros, "variables": variables}); err != nil {
		panic(err)
	}
}
