"""Captum's methods, called as its documentation says, in the batch sizes that suit it."""

import torch

from bench.explaining import agnostic, calls
from bench.explaining.torch_subject import Subject

NAME = "Captum"


def offers(subject: Subject, method: str) -> calls.Offers:
    """Return what Captum has for a method of the bench."""
    known = {
        "saliency": _saliency,
        "smoothgrad": _smoothgrad,
        "integrated_gradients": _integrated_gradients,
        "gradcam": _gradcam,
        "guided_backprop": _guided_backprop,
        "occlusion": _occlusion,
        "lime": _lime,
        "gradient_shap": _gradient_shap,
        "deep_shap": _deep_shap,
    }
    return {NAME: known[method](subject)} if method in known else {}


def _saliency(subject: Subject) -> calls.Ways:
    from captum.attr import Saliency

    method = Saliency(subject.graph)

    def explain(count: int) -> None:
        method.attribute(subject.leaf(slice(count)), subject.targets[:count]).amax(1).numpy()

    return {"": explain}


def _smoothgrad(subject: Subject) -> calls.Ways:
    from captum.attr import NoiseTunnel, Saliency

    method, samples = NoiseTunnel(Saliency(subject.graph)), subject.settings.samples

    def way(copies: int, size: int) -> calls.Call:
        def explain(count: int) -> None:
            for part in subject.parts(count, size):
                method.attribute(
                    subject.leaf(part),
                    nt_type="smoothgrad",
                    nt_samples=samples,
                    nt_samples_batch_size=copies,
                    stdevs=subject.settings.noise,
                    target=subject.targets[part],
                    abs=False,
                ).abs().amax(1).numpy()

        return explain

    choices = [(1, 16), (5, 16), (10, 16), (samples, 16), (samples, 4), (samples, 1)]
    return {
        f"{copies} copies of {n}": way(copies, n)
        for copies, n in choices
        if copies * n <= subject.rows(1)
    }


def _integrated_gradients(subject: Subject) -> calls.Ways:
    from captum.attr import IntegratedGradients

    method, steps = IntegratedGradients(subject.graph), subject.settings.samples

    def way(rows: int | None) -> calls.Call:
        def explain(count: int) -> None:
            method.attribute(
                subject.leaf(slice(count)),
                target=subject.targets[:count],
                n_steps=steps,
                internal_batch_size=rows,
            ).sum(1).detach().numpy()

        return explain

    most = subject.rows(1)
    return {f"{n} rows": way(n) for n in (32, 64, 128, 256) if n <= most} | (
        {"all at once": way(None)} if most >= 16 * steps else {}
    )


def _gradcam(subject: Subject) -> calls.Ways:
    from captum.attr import LayerAttribution, LayerGradCam

    method = LayerGradCam(subject.graph, subject.graph.parts[subject.inputs.layer])
    size = tuple(subject.inputs.images.shape[1:3])

    def explain(count: int) -> None:
        maps = method.attribute(
            subject.leaf(slice(count)), subject.targets[:count], relu_attributions=True
        )
        LayerAttribution.interpolate(maps, size, "bilinear").detach().numpy()

    return {"": explain}


def _guided_backprop(subject: Subject) -> calls.Ways | str:
    from captum.attr import GuidedBackprop

    if subject.graph.has(torch.nn.ReLU6):
        return "knows no ReLU6: what it gives there is the plain gradient"
    method = GuidedBackprop(subject.graph)

    def explain(count: int) -> None:
        method.attribute(subject.leaf(slice(count)), subject.targets[:count]).sum(1).numpy()

    return {"": explain}


def _occlusion(subject: Subject) -> calls.Ways:
    from captum.attr import Occlusion

    settings = subject.settings
    method, side, stride = Occlusion(subject.graph), settings.window, settings.stride
    channels = subject.images.shape[1]

    def way(windows: int, size: int) -> calls.Call:
        def explain(count: int) -> None:
            with torch.inference_mode():
                for part in subject.parts(count, size):
                    method.attribute(
                        subject.images[part],
                        (channels, side, side),
                        strides=(channels, stride, stride),
                        target=subject.targets[part],
                        perturbations_per_eval=windows,
                    ).sum(1).numpy()

        return explain

    return {f"{w} windows of {n}": way(w, n) for w, n in [(16, 16), (64, 4), (256, 1)]}


def _lime(subject: Subject) -> calls.Ways:
    from captum._utils.models.linear_model import SkLearnRidge
    from captum.attr import Lime

    method = Lime(subject.graph, SkLearnRidge(alpha=1.0))

    def way(rows: int) -> calls.Call:
        def explain(count: int) -> None:
            with torch.inference_mode():
                for index in range(count):
                    image = subject.inputs.images[index]
                    segments = agnostic.segments(image, subject.settings)
                    method.attribute(
                        subject.images[index : index + 1],
                        target=subject.targets[index],
                        feature_mask=torch.from_numpy(segments)[None, None],
                        n_samples=subject.settings.perturbed,
                        perturbations_per_eval=rows,
                    ).sum(1).numpy()

        return explain

    return {f"{n} rows": way(n) for n in (128, 256, 1000)}


def _gradient_shap(subject: Subject) -> calls.Ways:
    from captum.attr import GradientShap

    method, samples = GradientShap(subject.graph), subject.settings.samples

    def way(size: int) -> calls.Call:
        def explain(count: int) -> None:
            for part in subject.parts(count, size):
                method.attribute(
                    subject.leaf(part),
                    subject.background,
                    n_samples=samples,
                    target=subject.targets[part],
                ).sum(1).detach().numpy()

        return explain

    return {f"{n} images": way(n) for n in subject.sizes(samples)}


def _deep_shap(subject: Subject) -> calls.Ways:
    from captum.attr import DeepLiftShap

    method = DeepLiftShap(subject.graph)

    def way(size: int) -> calls.Call:
        def explain(count: int) -> None:
            for part in subject.parts(count, size):
                method.attribute(subject.leaf(part), subject.background, subject.targets[part]).sum(
                    1
                ).detach().numpy()

        return explain

    return {f"{n} images": way(n) for n in subject.sizes(2 * len(subject.background))}
