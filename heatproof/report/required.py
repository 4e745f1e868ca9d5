"""What each metrics file of a cell must hold for a page to be made from it."""

TRAIN = ("epochs", "epochs_run", "best_epoch", "train_images", "validation_images")
EVALUATE = (
    *("accuracy", "accuracy_low", "accuracy_high", "macro_precision", "macro_recall", "macro_f1"),
    *("majority_class", "majority_accuracy", "balanced_accuracy", "macro_auc", "curves"),
    *("balanced_accuracy_low", "balanced_accuracy_high", "balanced_training"),
    *(
        "macro_average_precision",
        "ece",
        "loss",
        "train_accuracy",
        "test_images",
        "train_images",
        "per_class",
    ),
    *("confusion_test", "confusion_train", "top_confusions", "reliability", "class_names"),
    *("parameters", "flops"),
)
ASSESS = (
    *("images", "right_images", "wrong_images", "slow_methods", "mask", "measures"),
    *("uninformative", "ranking", "agreement", "above_chance", "tests"),
)
PUBLISHED = ("images", "draws", "layers", "methods")
COMPARED = ("filters", "images", "same_prediction", "maps")
COMPARED_DERIVED = (
    *("by", "accuracy", "accuracy_test", "ece", "origin_accuracy", "origin_ece", "stored_bytes"),
    *("origin_bytes", "times_smaller", "parameters", "flops", "activation_bytes", "images"),
    *("same_prediction", "randomised_agreement", "maps", "faithful", "faithful_images"),
    "unsupported",
)
CORRUPTED = (
    *("images", "explained", "clean", "corruptions", "maps", "different_images", "unsupported"),
    *("mean_corruption_accuracy", "mean_corruption_low", "mean_corruption_high"),
    "retained_accuracy",
)
ON_DOMAIN = (
    *("accuracy", "low", "high", "confidence", "ece", "images", "own", "explained", "maps"),
    *("top_confusions", "unsupported"),
)
INVERSION = ("images", "numbers", "pixels_same_class", "pixels_grey", "layers", "style")
INFLUENCE = (
    *("train_images", "trained_on", "layer", "units", "images", "wrong_images", "shown"),
    *("wrong_other_label", "wrong_near_truth", "self_concentration", "check"),
)
CONCEPTS = ("layers", "tests", "concepts", "unnamed")
CROSSCHECK = ("verdicts", "draws", "bounds", "libraries", "checks")
OPEN = ("file", "sha256", "done", "labelled_images", "right", "remarks")
DERIVE = (
    *("origin", "by", "done", "stored_bytes", "origin_bytes", "parameters", "epochs"),
    *("val_accuracy", "origin_val_accuracy", "figures"),
)
HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
