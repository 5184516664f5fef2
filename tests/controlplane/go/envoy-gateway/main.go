// envoy-gateway-oracle: what Envoy Gateway makes of sets of Kubernetes objects.
//
// envoy-gateway-oracle -out FILE; one JSON object a line in: {"id", "objects": [manifest]}. One a line into FILE: {"id", "xds": {"listeners",
// "routes", "clusters", "endpoints"}, "statuses": {"Kind/ns/name": status}, "error", "varies"}. Every set is translated twice, the second time with its objects in the opposite
// order; varies says that the two differ. All of it is Envoy Gateway's code with the defaults of its Kubernetes provider: the reconciler over
// an API in memory collects the objects, gatewayapi.Translator makes the intermediate form, xds/translator the configuration of Envoy.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwapiv1 "sigs.k8s.io/gateway-api/apis/v1"

	resourcev3 "github.com/envoyproxy/go-control-plane/pkg/resource/v3"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	"github.com/envoyproxy/gateway/internal/envoygateway"
	"github.com/envoyproxy/gateway/internal/envoygateway/config"
	"github.com/envoyproxy/gateway/internal/gatewayapi"
	"github.com/envoyproxy/gateway/internal/gatewayapi/resource"
	"github.com/envoyproxy/gateway/internal/logging"
	"github.com/envoyproxy/gateway/internal/message"
	"github.com/envoyproxy/gateway/internal/provider/kubernetes"
	"github.com/envoyproxy/gateway/internal/xds/translator"
)

type routeSet struct {
	ID      string            `json:"id"`
	Objects []json.RawMessage `json:"objects"`
}

type translation struct {
	ID       string                       `json:"id"`
	Xds      map[string][]json.RawMessage `json:"xds"`
	Statuses map[string]any               `json:"statuses"`
	Error    string                       `json:"error,omitempty"`
	Varies   bool                         `json:"varies,omitempty"`
}

var kinds = map[string]string{
	"listeners": resourcev3.ListenerType, "routes": resourcev3.RouteType, "clusters": resourcev3.ClusterType,
	"endpoints": resourcev3.EndpointType,
}

// oracle holds the controller, whose API is emptied after every set.
type oracle struct {
	config     *config.Server
	controller *kubernetes.OfflineGatewayAPIReconciler
	seen       *message.ProviderResources
}

func newOracle(ctx context.Context) (*oracle, error) {
	server, err := config.New(io.Discard, io.Discard)
	if err != nil {
		return nil, err
	}
	server.Logger = logging.DefaultLogger(io.Discard, egv1a1.LogLevelError)
	server.EnvoyGateway.SetEnvoyGatewayDefaults()
	asInCluster := server.EnvoyGateway.Provider
	server.EnvoyGateway.Provider = &egv1a1.EnvoyGatewayProvider{Type: egv1a1.ProviderTypeCustom} // the controller in memory insists on it
	seen := new(message.ProviderResources)
	controller, err := kubernetes.NewOfflineGatewayAPIController(ctx, server, nil, seen)
	server.EnvoyGateway.Provider = asInCluster
	return &oracle{config: server, controller: controller, seen: seen}, err
}

// create puts an object into the API as the API server would keep it, its creationTimestamp included.
func (o *oracle) create(ctx context.Context, manifest []byte) (client.Object, error) {
	raw := &unstructured.Unstructured{}
	if err := raw.UnmarshalJSON(manifest); err != nil {
		return nil, err
	}
	if raw.GetKind() == "GatewayClass" {
		if err := unstructured.SetNestedField(raw.Object, egv1a1.GatewayControllerName, "spec", "controllerName"); err != nil {
			return nil, err
		}
	}
	scheme := envoygateway.GetScheme()
	made, err := scheme.New(raw.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if err := scheme.Convert(raw, made, nil); err != nil {
		return nil, err
	}
	object := made.(client.Object)
	return object, o.controller.Client.Create(ctx, object)
}

// remove takes an object out again, whatever the controller has written into it.
func (o *oracle) remove(ctx context.Context, object client.Object) error {
	now := object.DeepCopyObject().(client.Object)
	if err := o.controller.Client.Get(ctx, client.ObjectKeyFromObject(object), now); err != nil {
		return err
	}
	if len(now.GetFinalizers()) > 0 {
		now.SetFinalizers(nil)
		if err := o.controller.Client.Update(ctx, now); err != nil {
			return err
		}
	}
	return o.controller.Client.Delete(ctx, now)
}

func (o *oracle) translate(ctx context.Context, set routeSet) (out *translation, err error) {
	var made []client.Object
	defer func() {
		if fallen := recover(); fallen != nil {
			err = fmt.Errorf("panic: %v", fallen)
		}
		for _, object := range slices.Backward(made) {
			err = errors.Join(err, o.remove(ctx, object))
		}
	}()
	for _, manifest := range set.Objects {
		object, err := o.create(ctx, manifest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", manifest, err)
		}
		made = append(made, object)
	}
	if err := o.controller.Reconcile(ctx); err != nil {
		return nil, err
	}
	collected, ok := o.seen.GatewayAPIResources.Load(egv1a1.GatewayControllerName)
	if !ok || collected == nil || collected.Resources == nil || len(*collected.Resources) != 1 {
		return nil, errors.New("the controller collected no resources")
	}
	return o.written(ctx, set.ID, (*collected.Resources)[0])
}

// written does what the runners of gatewayapi and of xds do with what the controller collected.
func (o *oracle) written(ctx context.Context, id string, resources *resource.Resources) (*translation, error) {
	gateway := o.config.EnvoyGateway
	step := &gatewayapi.Translator{
		GatewayControllerName:           gateway.Gateway.ControllerName,
		GatewayClassName:                gwapiv1.ObjectName(resources.GatewayClass.Name),
		GlobalRateLimitEnabled:          gateway.RateLimit != nil,
		EnvoyPatchPolicyEnabled:         gateway.ExtensionAPIs != nil && gateway.ExtensionAPIs.EnableEnvoyPatchPolicy,
		BackendEnabled:                  gateway.ExtensionAPIs != nil && gateway.ExtensionAPIs.EnableBackend,
		ControllerNamespace:             o.config.ControllerNamespace,
		GatewayNamespaceMode:            gateway.GatewayNamespaceMode(),
		MergeGateways:                   gatewayapi.IsMergeGatewaysEnabled(resources),
		MergeBackends:                   gatewayapi.ResolveMergeBackendsConfig(resources),
		Logger:                          o.config.Logger,
		LuaEnvoyExtensionPolicyDisabled: gateway.ExtensionAPIs.LuaDisabled(),
	}
	result, problem := step.Translate(ctx, resources)
	if result == nil {
		return nil, problem
	}
	out := &translation{ID: id, Xds: map[string][]json.RawMessage{}, Statuses: statuses(result)}
	for name := range kinds {
		out.Xds[name] = []json.RawMessage{}
	}
	for _, form := range result.XdsIR {
		if err := form.Validate(); err != nil { // its runner would publish nothing
			problem = errors.Join(problem, err)
			continue
		}
		last := &translator.Translator{
			ControllerNamespace: o.config.ControllerNamespace, FilterOrder: form.FilterOrder, RuntimeFlags: gateway.RuntimeFlags, Logger: o.config.Logger,
		}
		table, err := last.Translate(ctx, form)
		problem = errors.Join(problem, err)
		if table == nil {
			continue
		}
		for name, kind := range kinds {
			for _, each := range table.XdsResources[kind] {
				text, err := compact(each.(proto.Message))
				if err != nil {
					return nil, err
				}
				out.Xds[name] = append(out.Xds[name], text)
			}
		}
	}
	for _, listed := range out.Xds {
		slices.SortFunc(listed, func(one, other json.RawMessage) int { return bytes.Compare(one, other) })
	}
	if problem != nil {
		out.Error = problem.Error()
	}
	return out, nil
}

func statuses(result *gatewayapi.TranslateResult) map[string]any {
	found := map[string]any{}
	for _, each := range result.Gateways {
		found["Gateway/"+each.Namespace+"/"+each.Name] = each.Status
	}
	for _, each := range result.HTTPRoutes {
		found["HTTPRoute/"+each.Namespace+"/"+each.Name] = each.Status
	}
	for _, each := range result.GRPCRoutes {
		found["GRPCRoute/"+each.Namespace+"/"+each.Name] = each.Status
	}
	for _, each := range result.ListenerSets {
		found["ListenerSet/"+each.Namespace+"/"+each.Name] = each.Status
	}
	return found
}

// compact undoes the blanks that protojson puts in by chance.
func compact(message proto.Message) (json.RawMessage, error) {
	text, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Compact(&out, text)
	return out.Bytes(), err
}

func (o *oracle) twice(ctx context.Context, set routeSet) *translation {
	first, err := o.translate(ctx, set)
	if err != nil {
		return &translation{ID: set.ID, Error: err.Error()}
	}
	slices.Reverse(set.Objects)
	second, err := o.translate(ctx, set)
	if err != nil {
		return &translation{ID: set.ID, Error: err.Error()}
	}
	one, _ := json.Marshal(first.Xds)
	other, _ := json.Marshal(second.Xds)
	first.Varies = !bytes.Equal(one, other)
	return first
}

func run(path string) error {
	ctx := context.Background()
	o, err := newOracle(ctx)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(file)
	for {
		var set routeSet
		if err := in.Decode(&set); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := out.Encode(o.twice(ctx, set)); err != nil {
			return err
		}
	}
}

func main() {
	path := flag.String("out", "", "the file to write")
	flag.Parse()
	if err := run(*path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
