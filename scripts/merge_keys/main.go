// Prints, as JSON, what Kustomize's strategic merge knows of Kubernetes' kinds: the fields whose lists are merged, with
// their keys, and the kinds that stand in no namespace. It is the description of Kubernetes 1.21.2, built into kyaml.
//
//	cd scripts/merge_keys && go run . > ../../validator/schemas/merge_keys.json
package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

type field struct {
	Of   string   `json:"of,omitempty"`   // the definition of the value, or of its items or entries
	Keys []string `json:"keys,omitempty"` // of a list that is merged; none: it is one of scalars
	List bool     `json:"list,omitempty"`
	// A list that is merged. A list without it is replaced.
	Merge bool `json:"merge,omitempty"`
}

type document struct {
	Kinds         map[string]string           `json:"kinds"`
	Definitions   map[string]map[string]field `json:"definitions"`
	ClusterScoped []string                    `json:"clusterScoped"`
}

func main() {
	found := document{Kinds: map[string]string{}, Definitions: map[string]map[string]field{}}
	for name, definition := range openapi.Schema().Definitions {
		fields := map[string]field{}
		for key, property := range definition.Properties {
			if described := describe(property); described.Of != "" || described.Merge {
				fields[key] = described
			}
		}
		if len(fields) > 0 {
			found.Definitions[name] = fields
		}
		kinds(name, definition, &found)
	}
	for prune(&found) {
	}
	slices.Sort(found.ClusterScoped)
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(found); err != nil {
		panic(err)
	}
}

// prune drops definitions that lead to no merged list, and kinds of such; it tells whether it dropped any.
func prune(found *document) bool {
	dropped := false
	for name, fields := range found.Definitions {
		for key, each := range fields {
			if _, leads := found.Definitions[each.Of]; !leads && !each.Merge {
				delete(fields, key)
				dropped = true
			}
		}
		if len(fields) == 0 {
			delete(found.Definitions, name)
			dropped = true
		}
	}
	for kind, name := range found.Kinds {
		if _, leads := found.Definitions[name]; !leads {
			delete(found.Kinds, kind)
		}
	}
	return dropped
}

func kinds(name string, definition spec.Schema, found *document) {
	listed, _ := definition.Extensions["x-kubernetes-group-version-kind"].([]interface{})
	if _, object := definition.Properties["metadata"]; !object {
		return
	}
	for _, each := range listed {
		gvk := each.(map[string]interface{})
		group, version, kind := gvk["group"].(string), gvk["version"].(string), gvk["kind"].(string)
		api := version
		if group != "" {
			api = group + "/" + version
		}
		found.Kinds[api+" "+kind] = name
		if namespaced, known := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: api, Kind: kind}); known && !namespaced {
			found.ClusterScoped = append(found.ClusterScoped, api+" "+kind)
		}
	}
}

func describe(property spec.Schema) field {
	strategy, _ := property.Extensions["x-kubernetes-patch-strategy"].(string)
	described := field{Merge: slices.Contains(strings.Split(strategy, ","), "merge")}
	schema := property
	if schema.Items != nil && schema.Items.Schema != nil {
		described.List = true
		schema = *schema.Items.Schema
	} else if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		schema = *schema.AdditionalProperties.Schema
	}
	if reference := schema.Ref.String(); reference != "" {
		described.Of = reference[strings.LastIndex(reference, "/")+1:]
	}
	if described.Merge {
		if keys, many := property.Extensions["x-kubernetes-list-map-keys"].([]interface{}); many {
			for _, key := range keys {
				described.Keys = append(described.Keys, key.(string))
			}
		} else if key, one := property.Extensions["x-kubernetes-patch-merge-key"].(string); one {
			described.Keys = []string{key}
		}
	}
	return described
}
