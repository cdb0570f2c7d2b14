"""The part of kustomize that deploy/kubernetes uses, so that its tests need no kubectl; what it does not know is an
error. Where kubectl is there, test_kubernetes.py holds the two together."""

import copy
import os

import yaml

_KIND = ("Kustomization", "kustomize.config.k8s.io/v1beta1")
_KNOWN = {"apiVersion", "kind", "resources", "patches", "configMapGenerator", "generatorOptions", "images"}


def load(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def render(folder):
    """The objects of a kustomization, in its order."""
    (kustomization,) = load(os.path.join(folder, "kustomization.yaml"))
    unknown = set(kustomization) - _KNOWN
    if unknown or (kustomization["kind"], kustomization["apiVersion"]) != _KIND:
        raise ValueError(f"{folder}: {unknown or 'no Kustomization'}")
    objects = []
    for name in kustomization.get("resources", []):
        path = os.path.join(folder, name)
        objects += render(path) if os.path.isdir(path) else load(path)
    for generator in kustomization.get("configMapGenerator", []):
        _config_map(objects, folder, generator, kustomization.get("generatorOptions"))
    for patch in kustomization.get("patches", []):
        for change in load(os.path.join(folder, patch["path"])):
            target = _find(objects, change)
            objects[objects.index(target)] = merge(target, change)
    for image in kustomization.get("images", []):
        _rename(objects, image)
    return objects


def _find(objects, wanted):
    def name_of(one):
        return one["kind"], one["metadata"]["name"]

    found = [one for one in objects if name_of(one) == name_of(wanted)]
    if len(found) != 1:
        raise ValueError(f"{name_of(wanted)}: {len(found)} objects of that name")
    return found[0]


def _config_map(objects, folder, generator, options):
    if options != {"disableNameSuffixHash": True}:
        raise ValueError(f"{folder}: names with a hash are not rendered here")
    data = {}
    for name in generator["files"]:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            data[name] = file.read()
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}
    if generator.get("behavior") == "replace":
        _find(objects, made)["data"] = data
    else:
        objects.append(made)


def merge(old, change):
    """A strategic merge as far as it goes by name: tables are merged, containers too, the rest is replaced."""
    result = copy.deepcopy(old)
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        elif key in ("containers", "initContainers") and key in result:
            names = [one["name"] for one in result[key]]
            for one in value:
                if one["name"] in names:
                    result[key][names.index(one["name"])] = merge(result[key][names.index(one["name"])], one)
                else:
                    result[key].append(one)
        else:
            result[key] = value
    return result


def _rename(objects, image):
    used = False
    for one in objects:
        spec = one.get("spec", {}).get("template", {}).get("spec", {})
        for container in spec.get("initContainers", []) + spec.get("containers", []):
            if container["image"].split(":")[0] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
                used = True
    if not used:
        raise ValueError(f"no container has the image {image['name']}")
