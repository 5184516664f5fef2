// istio-oracle: what Istio makes of sets of Kubernetes objects.
//
// istio-oracle -out FILE; one JSON object a line in: {"id", "objects": [manifest], "client": namespace, "labels": the client's, "region": where
// it is}. One a line into FILE: {"id", "xds":
// {"listeners", "routes", "clusters", "endpoints"}, "statuses": {"Kind/ns/name": status}, "error"}. All of it is Istio's code with the defaults of
// a mesh: its discovery server over an API in memory, asked as the Envoy of the set's Gateway would ask it; or, where a set names a client, as
// the sidecar of a pod in that namespace would.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	gwapiv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/config/kube/gateway"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/status"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/gvr"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/kclient/clienttest"
	istiolog "istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

const (
	podAddress = "10.250.0.1"
	pause      = 30 * time.Millisecond
	equal      = 3 // readings in a row, a pause apart, before the server has come to rest
	patience   = 30 * time.Second
	bundle     = "v1.6.1" // the release of the Gateway API
)

type routeSet struct {
	ID      string            `json:"id"`
	Objects []json.RawMessage `json:"objects"`
	Client  string            `json:"client"`
	Labels  map[string]string `json:"labels"`
	Region  string            `json:"region"`
}

type translation struct {
	ID       string                       `json:"id"`
	Xds      map[string][]json.RawMessage `json:"xds"`
	Statuses map[string]json.RawMessage   `json:"statuses"`
	Error    string                       `json:"error,omitempty"`
}

// statuses stands where Istio keeps its objects: of all that it is asked to write it remembers the newest.
type statuses struct {
	model.ConfigStore
	lock        sync.Mutex
	generations map[string]int64
	written     map[string]json.RawMessage
}

func name(kind, namespace, name string) string { return kind + "/" + namespace + "/" + name }

func (s *statuses) Get(kind config.GroupVersionKind, called, namespace string) *config.Config {
	generation := s.generations[name(kind.Kind, namespace, called)]
	return &config.Config{Meta: config.Meta{GroupVersionKind: kind, Name: called, Namespace: namespace, Generation: generation}}
}

func (s *statuses) UpdateStatus(of config.Config) (string, error) {
	text, err := json.Marshal(of.Status)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.written[name(of.GroupVersionKind.Kind, of.Namespace, of.Name)] = text
	return "", err
}

func (s *statuses) now() map[string]json.RawMessage {
	s.lock.Lock()
	defer s.lock.Unlock()
	return maps.Clone(s.written)
}

// read decodes the manifests of a set, and adds what Istio's deployment controller makes of a Gateway: a Service, its endpoints and a pod.
// Istio's own kinds come back as one text.
func read(set routeSet, known *statuses) (objects []runtime.Object, own string, asked *model.Proxy, err error) {
	var served *gwapiv1.Gateway
	var more []int32
	for _, manifest := range set.Objects {
		var kind metav1.TypeMeta
		if err := json.Unmarshal(manifest, &kind); err != nil {
			return nil, "", nil, err
		}
		if strings.HasSuffix(kind.GroupVersionKind().Group, "istio.io") {
			own += "---\n" + string(manifest) + "\n"
			continue
		}
		object, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode(manifest, nil, nil)
		if err != nil {
			return nil, "", nil, fmt.Errorf("%s: %w", manifest, err)
		}
		switch it := object.(type) {
		case *gwapiv1.GatewayClass:
			continue // the class `istio` is built in
		case *gwapiv1.Gateway:
			it.Spec.GatewayClassName = "istio"
			served = it
		case *gwapiv1.ListenerSet:
			for _, listener := range it.Spec.Listeners {
				more = append(more, int32(listener.Port))
			}
		}
		meta := object.(metav1.Object)
		known.generations[name(kind.Kind, meta.GetNamespace(), meta.GetName())] = meta.GetGeneration()
		objects = append(objects, object)
	}
	if set.Client != "" {
		client := proxy(model.SidecarProxy, "client", set.Client, set.Labels)
		if set.Region != "" {
			client.Locality = &core.Locality{Region: set.Region}
		}
		return objects, own, client, nil
	}
	if served == nil {
		return nil, "", nil, fmt.Errorf("the set has no Gateway and no client")
	}
	labels := map[string]string{"gateway.networking.k8s.io/gateway-name": served.Name}
	return append(objects, deployed(served, more)...), own, proxy(model.Router, "carrier", served.Namespace, labels), nil
}

func proxy(kind model.NodeType, pod, namespace string, labels map[string]string) *model.Proxy {
	return &model.Proxy{
		Type: kind, ID: pod + "." + namespace, ConfigNamespace: namespace, IPAddresses: []string{podAddress}, Labels: labels,
		Metadata: &model.NodeMetadata{Namespace: namespace, ClusterID: "Kubernetes", Labels: labels},
	}
}

func deployed(served *gwapiv1.Gateway, ports []int32) []runtime.Object {
	labels := map[string]string{"gateway.networking.k8s.io/gateway-name": served.Name}
	called := metav1.ObjectMeta{Name: served.Name + "-istio", Namespace: served.Namespace, Labels: labels}
	service := &corev1.Service{
		ObjectMeta: called,
		Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.9", Selector: labels, Type: corev1.ServiceTypeLoadBalancer},
	}
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.10"}}
	piece := &discoveryv1.EndpointSlice{ObjectMeta: *called.DeepCopy(), AddressType: discoveryv1.AddressTypeIPv4}
	piece.Labels = map[string]string{discoveryv1.LabelServiceName: called.Name}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "carrier", Namespace: served.Namespace, Labels: labels}}
	pod.Spec.ServiceAccountName = called.Name
	pod.Status = corev1.PodStatus{
		PodIP: podAddress, PodIPs: []corev1.PodIP{{IP: podAddress}}, Phase: corev1.PodRunning,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	piece.Endpoints = []discoveryv1.Endpoint{{
		Addresses: []string{podAddress}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: pod.Name, Namespace: pod.Namespace},
	}}
	for _, listener := range served.Spec.Listeners {
		ports = append(ports, int32(listener.Port))
	}
	slices.Sort(ports)
	for _, port := range slices.Compact(ports) {
		called := fmt.Sprintf("port-%d", port)
		service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{
			Name: called, Port: port, TargetPort: intstr.FromInt32(port), Protocol: corev1.ProtocolTCP,
		})
		piece.Ports = append(piece.Ports, discoveryv1.EndpointPort{Name: &called, Port: &port})
	}
	return []runtime.Object{service, piece, pod}
}

func translate(set routeSet) (out *translation, err error) {
	known := &statuses{generations: map[string]int64{}, written: map[string]json.RawMessage{}}
	objects, own, asked, err := read(set, known)
	if err != nil {
		return nil, err
	}
	configs, _, err := crd.ParseInputs(own)
	if err != nil {
		return nil, err
	}
	for i := range configs {
		configs[i].Domain = "cluster.local" // without it a short name means nothing
	}
	err = test.Wrap(func(t test.Failer) {
		server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			KubernetesObjects:  objects,
			Configs:            configs,
			KubeClientModifier: func(client kubelib.Client) { clienttest.MakeCRD(t, client, gvr.ListenerSet) },
		})
		for _, kind := range []schema.GroupVersionResource{gvr.GRPCRoute, gvr.TLSRoute} { // read of these releases of the standard alone
			clienttest.MakeCRDWithAnnotations(t, server.KubeClient(), kind, map[string]string{consts.BundleVersionAnnotation: bundle})
		}
		stop := make(chan struct{})
		t.Cleanup(func() { close(stop) })
		writer := status.NewManager(known)
		writer.Start(stop)
		server.Env().GatewayAPIController.(*gateway.Controller).SetStatusWrite(true, writer)
		read := func() *translation {
			envoy := server.SetupProxy(asked)
			return &translation{ID: set.ID, Statuses: known.now(), Xds: map[string][]json.RawMessage{
				"listeners": texts(t, server.Listeners(envoy)), "routes": texts(t, server.Routes(envoy)),
				"clusters": texts(t, server.Clusters(envoy)), "endpoints": texts(t, server.Endpoints(envoy)),
			}}
		}
		var before []byte
		begun := time.Now()
		for same := 0; same < equal; {
			if time.Since(begun) > patience {
				t.Fatal("Istio does not come to rest")
			}
			time.Sleep(pause)
			server.EnsureSynced(t)
			out = read()
			now, _ := json.Marshal(out)
			if same++; !bytes.Equal(now, before) {
				same = 0
			}
			before = now
		}
	})
	return out, err
}

// texts are the messages in JSON, without the blanks that protojson puts in by chance.
func texts[M proto.Message](t test.Failer, messages []M) []json.RawMessage {
	out := []json.RawMessage{}
	for _, message := range messages {
		text, err := protojson.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		var short bytes.Buffer
		if err := json.Compact(&short, text); err != nil {
			t.Fatal(err)
		}
		out = append(out, short.Bytes())
	}
	return out
}

func run(path string) error {
	for _, scope := range istiolog.Scopes() {
		scope.SetOutputLevel(istiolog.ErrorLevel)
	}
	file, err := os.Create(path) // standard output is where Istio logs
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
		done, err := translate(set)
		if err != nil {
			done = &translation{ID: set.ID, Error: err.Error()}
		}
		if err := out.Encode(done); err != nil {
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
