// One JSON case a line on standard input; on standard output, for each, which connections the matcher of cyclonus allows.
//
// A case is a list of policies as the API server stores them, and a list of connections. An answer is a text of 0 and 1, one for each
// connection: for a million of them that is a megabyte.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

type end struct {
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
	IP              string            `json:"ip"`
}

type connection struct {
	From     int    `json:"from"`
	To       int    `json:"to"`
	Port     int    `json:"port"`
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
}

type question struct {
	Policies    []*networkingv1.NetworkPolicy `json:"policies"`
	Ends        []end                         `json:"ends"`
	Connections []connection                  `json:"connections"`
}

func (e end) peer() *matcher.TrafficPeer {
	if e.Namespace == "" {
		return &matcher.TrafficPeer{IP: e.IP}
	}
	inside := &matcher.InternalPeer{PodLabels: e.Labels, NamespaceLabels: e.NamespaceLabels, Namespace: e.Namespace}
	return &matcher.TrafficPeer{Internal: inside, IP: e.IP}
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for decoder := json.NewDecoder(in); decoder.More(); {
		var asked question
		if err := decoder.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		policy := matcher.BuildNetworkPolicies(false, asked.Policies)
		for _, one := range asked.Connections {
			traffic := &matcher.Traffic{
				Source:           asked.Ends[one.From].peer(),
				Destination:      asked.Ends[one.To].peer(),
				ResolvedPort:     one.Port,
				ResolvedPortName: one.Name,
				Protocol:         corev1.Protocol(one.Protocol),
			}
			verdict := byte('0')
			if policy.IsTrafficAllowed(traffic).IsAllowed() {
				verdict = '1'
			}
			out.WriteByte(verdict)
		}
		out.WriteByte('\n')
	}
}
