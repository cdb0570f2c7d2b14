"""The manifests: what they are made of exists, their fields are Kubernetes' own, what they name is there, and the
sidecar understands what they tell it."""

import json
import os
import shutil
import tempfile
import tomllib
import unittest

import yaml

from checkout import DEPLOY, FAIRLEAD, node, output_of, read, run
from kustomize import load, merge, render

_FOLDER = os.path.join(DEPLOY, "kubernetes")
_NATIVE = ("sidecar", "example")
_FORMS = (*_NATIVE, "two-containers")
_OWN_USER = 10001


def _kubectl():
    """Whether kubectl is here with a kustomize that knows folders as resources (Debian 12's does not)."""
    return shutil.which("kubectl") and "Kustomize Version" in run("kubectl", "version", "--client").stdout


class KubernetesTest(unittest.TestCase):
    def setUp(self):
        self.forms = {name: render(os.path.join(_FOLDER, name)) for name in _FORMS}

    def _pod(self, form):
        (deployment,) = [one for one in self.forms[form] if one["kind"] == "Deployment"]
        return deployment["spec"]["template"]["spec"]

    def _containers(self, form):
        pod = self._pod(form)
        return {one["name"]: one for one in pod.get("initContainers", []) + pod["containers"]}

    def _each_sidecar(self):
        for form in _FORMS:
            yield form, self._pod(form), self._containers(form)["fairlead"]

    def _config(self, form):
        (config_map,) = [one for one in self.forms[form] if one["kind"] == "ConfigMap"]
        return config_map["data"]["fairlead.toml"]

    def test_every_field_is_one_of_kubernetes(self):
        secret = load(os.path.join(_FOLDER, "base", "secret.example.yaml"))
        objects = [one for form in self.forms.values() for one in form] + secret
        self.assertEqual(node("typed.mjs", json.dumps(objects)), [])

    def test_the_check_of_fields_finds_what_is_wrong(self):
        deployment = [one for one in self.forms["sidecar"] if one["kind"] == "Deployment"][0]
        for mistake, said in (
            ({"restartPolicies": "Always"}, "does not exist in type 'Container'"),
            ({"startupProbe": {"periodSeconds": "1"}}, "'string' is not assignable to type 'number'"),
            ({"volumeMounts": [{"name": "sockets"}]}, "Property 'mountPath' is missing"),
        ):
            container = {"name": "fairlead", **mistake}
            broken = merge(deployment, {"spec": {"template": {"spec": {"initContainers": [container]}}}})
            self.assertIn(said, " ".join(node("typed.mjs", json.dumps([broken]))))

    @unittest.skipUnless(_kubectl(), "there is no kubectl with a kustomize of today")
    def test_kubectl_renders_the_same(self):
        for form in _FORMS:
            rendered = list(yaml.safe_load_all(output_of("kubectl", "kustomize", os.path.join(_FOLDER, form))))
            self.assertEqual(sorted(rendered, key=str), sorted(self.forms[form], key=str), form)

    def test_every_file_belongs_to_something(self):
        used = {"base/secret.example.yaml"}
        for folder in ("base", *_FORMS):
            (kustomization,) = load(os.path.join(_FOLDER, folder, "kustomization.yaml"))
            names = [*kustomization.get("resources", []), *(one["path"] for one in kustomization.get("patches", []))]
            names += [name for one in kustomization.get("configMapGenerator", []) for name in one["files"]]
            used |= {f"{folder}/{name}" for name in ["kustomization.yaml", *names]}
        paths = [os.path.join(at, name) for at, _, names in os.walk(_FOLDER) for name in names]
        there = {os.path.relpath(path, _FOLDER) for path in paths}
        self.assertEqual(there - used, set())

    def test_the_native_sidecar_is_one_and_the_other_is_not(self):
        for form in _NATIVE:
            (sidecar,) = self._pod(form)["initContainers"]
            self.assertEqual((sidecar["name"], sidecar["restartPolicy"]), ("fairlead", "Always"))
            self.assertNotIn("lifecycle", sidecar)
            self.assertEqual([one["name"] for one in self._pod(form)["containers"]], ["strategy"])
        pod = self._pod("two-containers")
        self.assertNotIn("initContainers", pod)
        sidecar = self._containers("two-containers")["fairlead"]
        self.assertNotIn("restartPolicy", sidecar)
        name, seconds = sidecar["lifecycle"]["preStop"]["exec"]["command"]
        self.assertEqual(name, "sleep")
        self.assertLess(int(seconds) + 2, pod["terminationGracePeriodSeconds"])

    def test_no_container_can_do_more_than_it_needs(self):
        for form in _FORMS:
            pod = self._pod(form)
            self.assertEqual(pod["securityContext"], {
                "runAsNonRoot": True, "runAsUser": _OWN_USER, "runAsGroup": _OWN_USER, "fsGroup": _OWN_USER,
                "seccompProfile": {"type": "RuntimeDefault"}})  # fmt: skip
            self.assertFalse(pod["automountServiceAccountToken"])
            for name, container in self._containers(form).items():
                self.assertEqual(container["securityContext"], {
                    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]}}, (form, name))  # fmt: skip
                self.assertIn("memory", container["resources"]["limits"], (form, name))
                self.assertNotIn("cpu", container["resources"]["limits"], (form, name))
        self.assertIn(f"USER {_OWN_USER}:{_OWN_USER}", read("deploy", "docker", "Dockerfile"))

    def test_what_is_mounted_is_a_volume_and_the_sockets_are_shared_memory(self):
        (secret,) = load(os.path.join(_FOLDER, "base", "secret.example.yaml"))
        for form in _FORMS:
            volumes = {one["name"]: one for one in self._pod(form)["volumes"]}
            mounted = {name: {one["name"]: one for one in container["volumeMounts"]}
                       for name, container in self._containers(form).items()}  # fmt: skip
            self.assertEqual({one for mounts in mounted.values() for one in mounts}, set(volumes), form)
            self.assertEqual(volumes["sockets"]["emptyDir"]["medium"], "Memory")
            self.assertEqual(mounted["strategy"]["sockets"]["mountPath"], mounted["fairlead"]["sockets"]["mountPath"])
            self.assertEqual(set(mounted["strategy"]), {"sockets"})
            self.assertEqual(volumes["config"]["configMap"]["name"],
                             [one["metadata"]["name"] for one in self.forms[form] if one["kind"] == "ConfigMap"][0])
            self.assertEqual(volumes["secrets"]["secret"]["secretName"], secret["metadata"]["name"])

    def test_the_configuration_is_in_order_and_fits_the_pod(self):
        (secret,) = load(os.path.join(_FOLDER, "base", "secret.example.yaml"))
        for form, _, sidecar in self._each_sidecar():
            mounts = {one["mountPath"]: one["name"] for one in sidecar["volumeMounts"]}
            config = tomllib.loads(self._config(form))
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(self._config(form))
                file.flush()
                output_of(FAIRLEAD, "check", file.name)
                printed = tomllib.loads(output_of(FAIRLEAD, "check", file.name, "--print"))
            for endpoint in (printed["stream"]["endpoint"], printed["control"]["endpoint"]):
                text = endpoint if isinstance(endpoint, str) else endpoint[0]
                self.assertEqual(mounts[os.path.dirname(text.removeprefix("ipc://"))], "sockets")
            folder, token = os.path.split(config["http"]["token_file"])
            self.assertEqual(mounts[folder], "secrets")
            self.assertIn(token, secret["stringData"])
            host, port = config["http"]["listen"].split(":")
            self.assertEqual((host, int(port)), ("0.0.0.0", sidecar["ports"][0]["containerPort"]))

    def test_the_sidecar_understands_how_it_is_started_and_asked(self):
        for form, _, sidecar in self._each_sidecar():
            self.assertEqual(sidecar["args"], ["run", "--config", "/etc/fairlead/fairlead.toml"])
            self.assertIn("/etc/fairlead", [one["mountPath"] for one in sidecar["volumeMounts"]])
            asked = {}
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                program, *arguments = sidecar[kind]["exec"]["command"]
                self.assertEqual(program, "fairlead")
                asked[kind] = arguments
                # Nobody serves there: it is understood, and the answer is no.
                result = run(FAIRLEAD, *arguments, "--http", "127.0.0.1:1")
                self.assertEqual(result.returncode, 1, (form, kind, result.stderr))
                self.assertGreater(sidecar[kind]["timeoutSeconds"], 3)  # longer than it waits itself
            self.assertEqual(asked["livenessProbe"], ["healthcheck", "--live"])

    def test_prometheus_looks_for_the_port_of_the_pods(self):
        (scrape,) = yaml.safe_load(read("deploy", "prometheus", "kubernetes.example.yml"))["scrape_configs"]
        keep = [one["regex"] for one in scrape["relabel_configs"] if one.get("action") == "keep"]
        for _, _, sidecar in self._each_sidecar():
            self.assertEqual([one["name"] for one in sidecar["ports"]], keep)


if __name__ == "__main__":
    unittest.main(verbosity=2)
