// What the API server's own libraries make of a text: YAML as JSON (sigs.k8s.io/yaml), and the value of a CEL expression
// (cel-go with the environment of k8s.io/apiserver). One question a line, one answer a line, both JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

type question struct {
	YAML *string `json:"yaml"`
	CEL  string  `json:"cel"`
	Self any     `json:"self"`
}

type answer struct {
	Value string `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
	// Refused: the expression does not compile.
	Refused string `json:"refused,omitempty"`
}

func main() {
	set, err := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        []cel.EnvOption{cel.Variable("self", cel.DynType)},
	})
	if err != nil {
		panic(err)
	}
	env := set.NewExpressionsEnv()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<28)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if asked.YAML != nil {
			out.Encode(fromYAML(*asked.YAML))
		} else {
			out.Encode(evaluated(env, asked))
		}
	}
}

func fromYAML(text string) answer {
	found, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: string(found)}
}

func evaluated(env *cel.Env, asked question) answer {
	tree, issues := env.Compile(asked.CEL)
	if issues != nil && issues.Err() != nil {
		return answer{Refused: issues.Err().Error()}
	}
	program, err := env.Program(tree) // it computes constants, and fails where they have no value
	if err != nil {
		return answer{Error: err.Error()}
	}
	value, _, err := program.Eval(map[string]any{"self": numbers(asked.Self)})
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: shown(value)}
}

// numbers makes integers of whole numbers, as the API server's decoder does.
func numbers(value any) any {
	switch value := value.(type) {
	case float64:
		if value == float64(int64(value)) {
			return int64(value)
		}
	case []any:
		for index, item := range value {
			value[index] = numbers(item)
		}
	case map[string]any:
		for key, item := range value {
			value[key] = numbers(item)
		}
	}
	return value
}

func shown(value ref.Val) string {
	switch value := value.(type) {
	case types.String:
		text, _ := json.Marshal(string(value))
		return string(text)
	case types.Uint:
		return fmt.Sprintf("%du", uint64(value))
	case types.Double:
		return fmt.Sprintf("double %.12g", float64(value))
	case types.Duration:
		return fmt.Sprintf("duration %d", int64(value.Duration))
	case types.Timestamp:
		return fmt.Sprintf("timestamp %s", value.Time.UTC().Format("2006-01-02T15:04:05.999999999Z"))
	case types.Bytes:
		return fmt.Sprintf("bytes %x", []byte(value))
	case types.Null:
		return "null"
	case *types.Optional:
		if value.HasValue() {
			return "optional(" + shown(value.GetValue()) + ")"
		}
		return "none"
	case traits.Lister:
		parts := []string{}
		for items := value.Iterator(); items.HasNext() == types.True; {
			parts = append(parts, shown(items.Next()))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case traits.Mapper:
		parts := []string{}
		for keys := value.Iterator(); keys.HasNext() == types.True; {
			key := keys.Next()
			parts = append(parts, shown(key)+": "+shown(value.Get(key)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case *types.Type:
		return "type " + value.TypeName()
	}
	switch value := value.Value().(type) {
	case bool, int64:
		return fmt.Sprint(value)
	}
	return value.Type().TypeName()
}
